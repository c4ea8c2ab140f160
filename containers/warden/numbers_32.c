#include "calls.h"

#include <asm/unistd_32.h>
#ifndef __NR_fchmodat2
#define __NR_fchmodat2 NR_FCHMODAT2
#endif

const struct number NUMBERS_I386[] = {CALLS_EVERYWHERE(NUMBER_ROW) CALLS_REFUSED(NUMBER_ROW) CALLS_OF_I386(NUMBER_ROW){-1, CALL_IDS}};

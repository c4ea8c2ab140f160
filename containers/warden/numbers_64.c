#include "calls.h"

#include <asm/unistd_64.h>
#ifndef __NR_fchmodat2
#define __NR_fchmodat2 NR_FCHMODAT2
#endif

const struct number NUMBERS_X86_64[] = {CALLS_EVERYWHERE(NUMBER_ROW) CALLS_REFUSED(NUMBER_ROW){-1, CALL_IDS}};

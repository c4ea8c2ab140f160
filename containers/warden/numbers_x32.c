#include "calls.h"

#define __X32_SYSCALL_BIT 0x40000000
#include <asm/unistd_x32.h>
#ifndef __NR_fchmodat2
#define __NR_fchmodat2 (__X32_SYSCALL_BIT + NR_FCHMODAT2)
#endif

const struct number NUMBERS_X32[] = {CALLS_EVERYWHERE(NUMBER_ROW) CALLS_REFUSED(NUMBER_ROW){-1, CALL_IDS}};

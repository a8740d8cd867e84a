/* The rings of ring.c for sides that sleep at once when there is nothing. */

#define ASLEEP_AT_ONCE 1

#include "ring.c"

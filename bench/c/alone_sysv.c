#define KIND SYSV
#include "lock_alone.h"

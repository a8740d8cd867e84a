#define KIND WRITE_LOCK
#include "lock_alone.h"

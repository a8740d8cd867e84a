#define KIND SEMAPHORE
#include "lock_alone.h"

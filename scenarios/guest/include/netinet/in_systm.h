/* An old name for types that <sys/types.h> has. */
#include <sys/types.h>

/* Scattered buffers, as POSIX.1-2008 <sys/uio.h>. */
#ifndef DENALI_SYS_UIO_H
#define DENALI_SYS_UIO_H

#include <limits.h> /* IOV_MAX */
#include <stddef.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

struct iovec {
    void *iov_base;
    size_t iov_len;
};

ssize_t readv(int descriptor, const struct iovec *pieces, int count);
ssize_t writev(int descriptor, const struct iovec *pieces, int count);

#ifdef __cplusplus
}
#endif

#endif

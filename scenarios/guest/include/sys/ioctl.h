/* ioctl, for the requests that sockets programs use. */
#ifndef DENALI_SYS_IOCTL_H
#define DENALI_SYS_IOCTL_H

#ifdef __cplusplus
extern "C" {
#endif

#define FIONBIO  0x5421ul /* int *: non-blocking on or off */
#define FIONREAD 0x541bul /* int *: bytes to read at once; of streams, files and pipes */

int ioctl(int descriptor, unsigned long request, ...);

#ifdef __cplusplus
}
#endif

#endif

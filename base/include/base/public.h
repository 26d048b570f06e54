/*
 * What of the house is the library's interface. Declarations between DENALI_API_BEGIN and
 * DENALI_API_END can be called from C and C++ and from outside libdenali; every other function is
 * hidden in it, so its name clashes with nobody's. A header that has the two is installed
 * (emu/library/), and includes only headers that have them too.
 */
#ifndef DENALI_BASE_PUBLIC_H
#define DENALI_BASE_PUBLIC_H

#define DENALI_VISIBLE_BEGIN _Pragma("GCC visibility push(default)")
#define DENALI_VISIBLE_END   _Pragma("GCC visibility pop")

#ifdef __cplusplus
#define DENALI_API_BEGIN                                                                           \
    extern "C" {                                                                                   \
    DENALI_VISIBLE_BEGIN
#define DENALI_API_END                                                                             \
    DENALI_VISIBLE_END                                                                             \
    }
#else
#define DENALI_API_BEGIN DENALI_VISIBLE_BEGIN
#define DENALI_API_END   DENALI_VISIBLE_END
#endif

#endif

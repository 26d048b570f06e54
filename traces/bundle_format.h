/* A bundle as bytes, for its writer and its reader (docs/trace.md). */
#ifndef DENALI_TRACES_BUNDLE_FORMAT_H
#define DENALI_TRACES_BUNDLE_FORMAT_H

#define BUNDLE_MAGIC       "DNLBUNDL"
#define BUNDLE_MAGIC_BYTES 8u
#define BUNDLE_CHUNK_BYTES (1u << 20) /* of a file, compressed together */
#define BUNDLE_PATH_MAX    1024u
#define BUNDLE_FILES_MAX   65536u

/* What comes next. */
#define BUNDLE_END  0u
#define BUNDLE_FILE 1u

#endif

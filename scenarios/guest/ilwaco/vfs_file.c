/*
 * The bytes of a file: chunks that are allocated when they are written. What is not written comes
 * from the archive that the file is of, or is zero; so a big file of an archive that a program
 * changes in one place costs that place.
 */
#include "vfs_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static uint8_t *chunk_get(const struct vfs_node *file, uint32_t index)
{
    return index < file->file.chunk_room ? file->file.chunks[index] : NULL;
}

/* Reads what no chunk has: the archive's bytes, then zeros. */
static int read_below(const struct vfs_node *file, uint32_t offset_bytes, uint8_t *bytes,
                      uint32_t length_bytes)
{
    uint32_t there = 0;
    int error = 0;
    if (offset_bytes < file->file.source_bytes) {
        there = least(length_bytes, file->file.source_bytes - offset_bytes);
        error = file->file.source->read(
            file->file.source, file->file.source_offset_bytes + offset_bytes, bytes, there);
    }
    memset(bytes + there, 0, length_bytes - there);
    return error;
}

/* How much from here on is alike: the rest of a chunk, or all up to the next one there is. */
static uint32_t stretch(const struct vfs_node *file, uint32_t offset_bytes, uint32_t most_bytes)
{
    uint32_t index = offset_bytes / VFS_CHUNK_BYTES;
    uint32_t length = VFS_CHUNK_BYTES - offset_bytes % VFS_CHUNK_BYTES;
    if (chunk_get(file, index))
        return least(length, most_bytes);
    while (length < most_bytes && ++index < file->file.chunk_room && !file->file.chunks[index])
        length += VFS_CHUNK_BYTES;
    return index >= file->file.chunk_room ? most_bytes : least(length, most_bytes);
}

int vfs_read(const struct vfs_node *file, uint32_t offset_bytes, void *bytes,
             uint32_t *length_bytes)
{
    uint32_t left = offset_bytes < file->file.size_bytes ? file->file.size_bytes - offset_bytes : 0;
    uint32_t wanted = least(*length_bytes, left);
    uint32_t done = 0;
    while (done < wanted) {
        uint32_t at = offset_bytes + done;
        uint32_t piece = stretch(file, at, wanted - done);
        const uint8_t *chunk = chunk_get(file, at / VFS_CHUNK_BYTES);
        if (chunk) {
            memcpy((uint8_t *)bytes + done, chunk + at % VFS_CHUNK_BYTES, piece);
        } else {
            int error = read_below(file, at, (uint8_t *)bytes + done, piece);
            if (error && done == 0)
                return error;
            if (error)
                break;
        }
        done += piece;
    }
    *length_bytes = done;
    return 0;
}

/* Room in the list of chunks for this one. */
static int make_room(struct vfs_node *file, uint32_t index)
{
    uint32_t room = file->file.chunk_room ? file->file.chunk_room : 4;
    uint8_t **chunks;
    if (index < file->file.chunk_room)
        return 0;
    while (room <= index)
        room *= 2;
    chunks = realloc(file->file.chunks, room * sizeof *chunks);
    if (!chunks)
        return ENOSPC;
    memset(chunks + file->file.chunk_room, 0, (room - file->file.chunk_room) * sizeof *chunks);
    file->file.chunks = chunks;
    file->file.chunk_room = room;
    return 0;
}

/* The chunk for a write of all of it or, with its old bytes in place, of a part. */
static int make_chunk(struct vfs_node *file, uint32_t index, bool whole, uint8_t **chunk)
{
    int error = make_room(file, index);
    if (error)
        return error;
    *chunk = file->file.chunks[index];
    if (*chunk)
        return 0;
    *chunk = malloc(VFS_CHUNK_BYTES);
    if (!*chunk)
        return ENOSPC;
    error = whole ? 0 : read_below(file, index * VFS_CHUNK_BYTES, *chunk, VFS_CHUNK_BYTES);
    if (error)
        free(*chunk);
    else
        file->file.chunks[index] = *chunk;
    return error;
}

int vfs_write(struct vfs_node *file, uint32_t offset_bytes, const void *bytes,
              uint32_t *length_bytes)
{
    uint32_t room = offset_bytes < VFS_SIZE_MAX ? VFS_SIZE_MAX - offset_bytes : 0;
    uint32_t wanted = least(*length_bytes, room);
    uint32_t done = 0;
    int error = *length_bytes > 0 && wanted == 0 ? EFBIG : 0;
    while (done < wanted && !error) {
        uint32_t at = offset_bytes + done;
        uint32_t piece = least(wanted - done, VFS_CHUNK_BYTES - at % VFS_CHUNK_BYTES);
        uint8_t *chunk;
        error = make_chunk(file, at / VFS_CHUNK_BYTES, piece == VFS_CHUNK_BYTES, &chunk);
        if (!error) {
            memcpy(chunk + at % VFS_CHUNK_BYTES, (const uint8_t *)bytes + done, piece);
            done += piece;
        }
    }
    if (done > 0) {
        file->modified_ns = vfs_now_ns();
        if (offset_bytes + done > file->file.size_bytes)
            file->file.size_bytes = offset_bytes + done;
    }
    *length_bytes = done;
    return done > 0 ? 0 : error;
}

int vfs_resize(struct vfs_node *file, uint64_t size_bytes)
{
    uint32_t size = (uint32_t)size_bytes;
    uint32_t kept = (size + VFS_CHUNK_BYTES - 1) / VFS_CHUNK_BYTES;
    if (size_bytes > VFS_SIZE_MAX)
        return EFBIG;
    if (size < file->file.size_bytes) {
        for (uint32_t i = kept; i < file->file.chunk_room; i++) {
            free(file->file.chunks[i]);
            file->file.chunks[i] = NULL;
        }
        uint8_t *last = size % VFS_CHUNK_BYTES ? chunk_get(file, kept - 1) : NULL;
        if (last)
            memset(last + size % VFS_CHUNK_BYTES, 0, VFS_CHUNK_BYTES - size % VFS_CHUNK_BYTES);
        file->file.source_bytes = least(file->file.source_bytes, size);
        if (size == 0)
            vfs_file_clear(file);
    }
    file->file.size_bytes = size;
    file->modified_ns = vfs_now_ns();
    return 0;
}

void vfs_file_clear(struct vfs_node *file)
{
    for (uint32_t i = 0; i < file->file.chunk_room; i++)
        free(file->file.chunks[i]);
    free(file->file.chunks);
    file->file.chunks = NULL;
    file->file.chunk_room = 0;
}

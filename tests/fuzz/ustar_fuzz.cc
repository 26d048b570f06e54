// Fuzz target of the guest's reader of archives and its tree: whatever is on a disk, mounting it
// reads nothing outside, ends, and leaves a tree in which every file can be read.
#include <sys/stat.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

extern "C" {
#include "vfs.h"

uint64_t vfs_now_ns(void)
{
    return 0;
}
}

static void require(bool condition)
{
    if (!condition) {
        abort();
    }
}

struct source {
    ustar_source base;
    const uint8_t *bytes;
};

static int read_source(const ustar_source *base, uint64_t offset, void *to, uint32_t length)
{
    require(offset <= base->size_bytes && length <= base->size_bytes - offset);
    memcpy(to, reinterpret_cast<const source *>(base)->bytes + offset, length);
    return 0;
}

static void visit(const vfs_node *node)
{
    if (S_ISREG(node->mode)) {
        std::vector<uint8_t> bytes(node->file.size_bytes);
        uint32_t length = node->file.size_bytes;
        require(vfs_read(node, 0, bytes.data(), &length) == 0);
        require(length == node->file.size_bytes);
    } else if (S_ISDIR(node->mode)) {
        uint32_t count = 0;
        for (vfs_node *child = vfs_child_after(node, 0); child;
             child = vfs_child_after(node, child->serial), count++) {
            require(child->parent == node && *child->name && !strchr(child->name, '/'));
            require(strcmp(child->name, ".") != 0 && strcmp(child->name, "..") != 0);
            visit(child);
        }
        require(count == node->directory.count);
    }
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    source source = {{size, read_source}, data};
    struct vfs vfs;
    uint64_t offset;
    require(vfs_init(&vfs) == 0);
    int error = vfs_mount(&vfs, vfs.root, &source.base, &offset);
    require(error == 0 || error == EILSEQ || error == ENOTEMPTY);
    require(offset <= size + USTAR_BLOCK_BYTES);
    visit(vfs.root);
    vfs_fini(&vfs);
    return 0;
}

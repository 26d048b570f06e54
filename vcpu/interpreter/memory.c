/*
 * The slow paths of memory: the first touch of a page, accesses across a page end, and telling what
 * is wrong with an address.
 */
#include "interpreter/interpreter.h"

#include <base/assert.h>

/* Bytes of [address, address + size) that lie in address' page. */
static uint32_t first_part(uint32_t address, uint32_t size_bytes)
{
    uint32_t room = VCPU_PAGE_BYTES - (address & VCPU_PAGE_MASK);
    return size_bytes < room ? size_bytes : room;
}

static bool is_memory(const struct interpreter *m, uint32_t address)
{
    return vcpu_space_frame(m->space, address >> VCPU_PAGE_BITS) != VCPU_FRAME_NONE;
}

/* Stops at the page that is absent, or faults: at the first byte of the access that cannot be
 * reached. Returns false. */
static bool refuse(struct interpreter *m, const struct op *op, uint32_t address, bool write)
{
    if (vcpu_space_absent(m->space, address >> VCPU_PAGE_BITS, write)) {
        interpreter_page_at(m, op->eip, address >> VCPU_PAGE_BITS, write);
        return false;
    }
    bool is_register = address >> VCPU_PAGE_BITS == ISA_REGISTER_PAGE >> VCPU_PAGE_BITS;
    interpreter_fault_at(m, op->eip, is_register ? VCPU_FAULT_REGISTER : VCPU_FAULT_MEMORY,
                         address);
    return false;
}

bool interpreter_load(struct interpreter *m, const struct op *op, uint32_t address, void *bytes,
                      uint32_t size_bytes)
{
    uint8_t *target = bytes;
    while (size_bytes) {
        uint32_t part = first_part(address, size_bytes);
        const uint8_t *source = fast_read(m, address, part);
        if (!source) {
            source = vcpu_space_read_page(m->space, address);
            interpreter_refresh(m);
        }
        if (!source) {
            return refuse(m, op, address, false);
        }
        memcpy(target, source, part);
        target += part;
        address += part;
        size_bytes -= part;
    }
    return true;
}

bool interpreter_may_store(struct interpreter *m, const struct op *op, uint32_t address,
                           uint32_t size_bytes)
{
    /* Ask of both pages whether they are memory, and there, before making either private. */
    uint32_t part = first_part(address, size_bytes);
    if (!is_memory(m, address)) {
        return refuse(m, op, address, true);
    }
    if (part < size_bytes && !is_memory(m, address + part)) {
        return refuse(m, op, address + part, true);
    }
    uint32_t page;
    if (UNLIKELY(vcpu_space_lacks(m->space, address, size_bytes, true, &page))) {
        interpreter_page_at(m, op->eip, page, true);
        return false;
    }
    for (uint32_t done = 0; done < size_bytes; done = done ? size_bytes : part) {
        if (!fast_write(m, address + done, 1)) {
            m->leave = true;
            bool done_so = vcpu_space_write_page(m->space, address + done) != NULL;
            interpreter_refresh(m);
            if (!done_so) { /* the node's limit of private pages, or the host's memory */
                return refuse(m, op, address + done, true);
            }
        }
    }
    return true;
}

bool interpreter_store(struct interpreter *m, const struct op *op, uint32_t address,
                       const void *bytes, uint32_t size_bytes)
{
    if (!interpreter_may_store(m, op, address, size_bytes)) {
        return false;
    }
    uint32_t part = first_part(address, size_bytes);
    memcpy(fast_write(m, address, part), bytes, part);
    if (part < size_bytes) {
        memcpy(fast_write(m, address + part, size_bytes - part), (const uint8_t *)bytes + part,
               size_bytes - part);
    }
    m->leave = true;
    return true;
}

uint8_t *interpreter_update(struct interpreter *m, const struct op *op, uint32_t address,
                            uint32_t size_bytes)
{
    ASSERT(size_bytes <= sizeof m->bounce);
    if (!interpreter_may_store(m, op, address, size_bytes)) {
        return NULL;
    }
    uint8_t *bytes = fast_write(m, address, size_bytes);
    if (bytes) {
        return bytes;
    }
    m->leave = true;
    m->bounce_address = address;
    m->bounce_bytes = size_bytes;
    return interpreter_load(m, op, address, m->bounce, size_bytes) ? m->bounce : NULL;
}

const struct op *interpreter_leave(struct interpreter *m, const struct op *op)
{
    if (m->bounce_bytes) {
        bool stored = interpreter_store(m, op, m->bounce_address, m->bounce, m->bounce_bytes);
        ASSERT(stored); /* interpreter_update has made sure */
        m->bounce_bytes = 0;
    }
    m->eip = op->eip + op->length_bytes;
    return op + 1;
}

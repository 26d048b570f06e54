/* The processor's state: entry, interrupts, and the completion of what the host performs. */
#include <vcpu/vcpu.h>

#include <string.h>

#include <base/assert.h>
#include <base/codec.h>
#include <vcpu/engine.h>
#include <vcpu/memory.h>

#define STATE_VERSION 1u

const char *vcpu_fault_name(enum vcpu_fault_kind kind)
{
    static const char *const names[] = {
#define X(name, number, word, text) [number] = word,
        VCPU_FAULT_LIST(X)
#undef X
    };
    return (unsigned)kind < VCPU_FAULT_COUNT ? names[kind] : "unknown";
}

const char *vcpu_fault_text(enum vcpu_fault_kind kind)
{
    static const char *const texts[] = {
#define X(name, number, word, text) [number] = text,
        VCPU_FAULT_LIST(X)
#undef X
    };
    return (unsigned)kind < VCPU_FAULT_COUNT ? texts[kind] : "unknown fault";
}

void vcpu_reset(struct vcpu *vcpu, uint32_t entry)
{
    memset(vcpu->gpr, 0, sizeof vcpu->gpr);
    vcpu->eip = entry;
    vcpu->eflags = 0;
    vcpu->irq_pending = 0;
    vcpu->irq_delivered = 0;
    vcpu->irq_handler = 0;
    vcpu->irq_enabled = false;
    memset(&vcpu->x87, 0, sizeof vcpu->x87);
    vcpu->x87.control = 0x37f;
}

#define INTERRUPT_FRAME_BYTES 8u

bool vcpu_interrupt_lacks(const struct vcpu *vcpu, struct vcpu_need *need)
{
    need->write = true;
    return vcpu_interrupt_due(vcpu) &&
           vcpu_space_lacks(vcpu->space, vcpu->gpr[VCPU_ESP] - INTERRUPT_FRAME_BYTES,
                            INTERRUPT_FRAME_BYTES, true, &need->page);
}

bool vcpu_interrupt_deliver(struct vcpu *vcpu, struct vcpu_fault *fault)
{
    fault->kind = VCPU_FAULT_NONE;
    if (!vcpu_interrupt_due(vcpu)) {
        return false;
    }
    uint32_t stack = vcpu->gpr[VCPU_ESP] - INTERRUPT_FRAME_BYTES;
    uint8_t frame[INTERRUPT_FRAME_BYTES];
    for (int i = 0; i < 4; i++) {
        frame[i] = (uint8_t)(vcpu->eflags >> 8 * i);
        frame[4 + i] = (uint8_t)(vcpu->eip >> 8 * i);
    }
    if (!vcpu_space_store(vcpu->space, stack, frame, sizeof frame)) {
        *fault = (struct vcpu_fault){VCPU_FAULT_MEMORY, vcpu->eip, stack};
        return false;
    }
    vcpu->gpr[VCPU_ESP] = stack;
    vcpu->irq_delivered = vcpu->irq_pending;
    vcpu->irq_pending = 0;
    vcpu->irq_enabled = false;
    vcpu->eip = vcpu->irq_handler;
    return true;
}

static void retire(struct vcpu *vcpu, uint32_t instruction_bytes)
{
    vcpu->eip += instruction_bytes;
    vcpu->retired++;
    vcpu->cycles++;
}

void vcpu_access_complete(struct vcpu *vcpu, const struct vcpu_access *access, uint32_t value)
{
    if (!access->write) {
        uint32_t *target = &vcpu->gpr[access->reg & (access->size_bytes == 1 ? 3 : 7)];
        if (access->size_bytes == 4) {
            *target = value;
        } else if (access->size_bytes == 2) {
            *target = (*target & 0xffff0000u) | (value & 0xffffu);
        } else {
            unsigned shift = access->reg & 4 ? 8 : 0; /* AH CH DH BH are numbers 4 to 7 */
            *target = (*target & ~(0xffu << shift)) | (value & 0xffu) << shift;
        }
    }
    retire(vcpu, access->instruction_bytes);
}

void vcpu_idle_complete(struct vcpu *vcpu)
{
    vcpu->gpr[VCPU_EAX] = vcpu->irq_pending;
    retire(vcpu, VCPU_VIRTUAL_INSTRUCTION_BYTES);
}

void vcpu_terminate_complete(struct vcpu *vcpu)
{
    retire(vcpu, VCPU_VIRTUAL_INSTRUCTION_BYTES);
}

void vcpu_save(const struct vcpu *vcpu, struct writer *writer)
{
    write_u16(writer, STATE_VERSION);
    for (int i = 0; i < VCPU_REGISTER_COUNT; i++) {
        write_u32(writer, vcpu->gpr[i]);
    }
    write_u32(writer, vcpu->eip);
    write_u32(writer, vcpu->eflags);
    write_u64(writer, vcpu->retired);
    write_u64(writer, vcpu->cycles);
    write_u32(writer, vcpu->irq_pending);
    write_u32(writer, vcpu->irq_delivered);
    write_u32(writer, vcpu->irq_handler);
    write_u8(writer, vcpu->irq_enabled);
    for (int i = 0; i < 8; i++) {
        /* An empty register's content cannot be read back, so it is not state. */
        bool valid = vcpu->x87.valid >> i & 1;
        write_u64(writer, valid ? vcpu->x87.mantissa[i] : 0);
        write_u16(writer, valid ? vcpu->x87.sign_exponent[i] : 0);
    }
    write_u16(writer, vcpu->x87.control);
    write_u8(writer, vcpu->x87.top);
    write_u8(writer, vcpu->x87.conditions);
    write_u8(writer, vcpu->x87.valid);
}

void vcpu_load(struct vcpu *vcpu, struct reader *reader)
{
    if (read_u16(reader) != STATE_VERSION) {
        reader_fail(reader);
    }
    for (int i = 0; i < VCPU_REGISTER_COUNT; i++) {
        vcpu->gpr[i] = read_u32(reader);
    }
    vcpu->eip = read_u32(reader);
    vcpu->eflags = read_u32(reader);
    vcpu->retired = read_u64(reader);
    vcpu->cycles = read_u64(reader);
    vcpu->irq_pending = read_u32(reader);
    vcpu->irq_delivered = read_u32(reader);
    vcpu->irq_handler = read_u32(reader);
    uint8_t enabled = read_u8(reader);
    vcpu->irq_enabled = enabled & 1;
    for (int i = 0; i < 8; i++) {
        vcpu->x87.mantissa[i] = read_u64(reader);
        vcpu->x87.sign_exponent[i] = read_u16(reader);
    }
    vcpu->x87.control = read_u16(reader);
    vcpu->x87.top = read_u8(reader);
    vcpu->x87.conditions = read_u8(reader);
    vcpu->x87.valid = read_u8(reader);
    if (vcpu->eflags & ~VCPU_FLAG_ALL || enabled > 1 || vcpu->x87.top > 7 ||
        vcpu->x87.conditions & ~0x0fu) {
        reader_fail(reader);
        vcpu->eflags &= VCPU_FLAG_ALL;
        vcpu->x87.top &= 7;
        vcpu->x87.conditions &= 0x0fu;
    }
}

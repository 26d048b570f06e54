/* Faults as people read them: what and where, by the names of symbols and devices. The hints are
 * guesses, and worded so: only what can be seen is looked at. */
#include <emu/world.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <base/alloc.h>
#include <devices/device.h>
#include <vcpu/image.h>
#include <vcpu/program.h>

#include "tracer.h"
#include "tracer_text.h"
#include "world_internal.h"

#define NULL_PAGE_BYTES 0x1000u
#define PUSH_BYTES_MAX  32u                     /* pusha */
#define STACK_BOTTOM    "__denali_stack_bottom" /* by the guest kit's linker script */

/* Did a push or a frame go below the stack that the guest kit sets aside? */
static bool stack_full(const struct vcpu_program *program, const struct vcpu *vcpu,
                       const struct vcpu_fault *fault)
{
    const struct vcpu_symbol *bottom =
        program ? vcpu_program_symbol_find(program, STACK_BOTTOM) : NULL;
    return bottom && fault->address < bottom->address &&
           vcpu->gpr[VCPU_ESP] < bottom->address + PUSH_BYTES_MAX;
}

static void add_hint(struct emu_text *text, const struct vcpu_program *program,
                     const struct vcpu *vcpu, const struct vcpu_fault *fault)
{
    uint32_t device;
    const struct dev_region *region;
    const struct dev_ops *ops;
    switch (fault->kind) {
    case VCPU_FAULT_MEMORY:
    case VCPU_FAULT_REGISTER:
        if (stack_full(program, vcpu, fault)) {
            emu_text_add(text, "; the stack is full (denali-cc --stack=SIZE gives more)");
        } else if (fault->address < NULL_PAGE_BYTES) {
            emu_text_add(text, "; a null pointer?");
        }
        return;
    case VCPU_FAULT_PORT:
    case VCPU_FAULT_DEVICE:
        ops = dev_find_port((uint16_t)fault->address, &device, &region);
        if (ops) {
            emu_text_add(text, " of the %s", ops->name);
        }
        if (ops && ops->refuses && fault->kind == VCPU_FAULT_DEVICE) {
            emu_text_add(text, "; it refuses %s", ops->refuses);
        }
        return;
    default:
        return;
    }
}

static void add_fault(struct emu_text *text, const struct vcpu_program *program,
                      const struct vcpu *vcpu, const struct vcpu_fault *fault)
{
    emu_text_add(text, "%s at eip 0x%08" PRIx32, vcpu_fault_text(fault->kind), fault->eip);
    uint8_t byte;
    if (program && vcpu_program_read(program, fault->eip, &byte, 1) &&
        vcpu_program_symbol_at(program, fault->eip)) {
        emu_text_add(text, " (");
        emu_text_place(text, program, fault->eip);
        emu_text_add(text, ")");
    }
    bool port = fault->kind == VCPU_FAULT_PORT || fault->kind == VCPU_FAULT_DEVICE;
    emu_text_add(text, ", %s 0x%08" PRIx32, port ? "port" : "address", fault->address);
    add_hint(text, program, vcpu, fault);
}

/* Read when they are first wanted: most runs want none. */
const struct vcpu_program *emu_world_symbols(struct emu_world *world, uint32_t group)
{
    const struct vcpu_image *image = world->images[group];
    if (!world->symbols) {
        world->symbols = alloc_zeroed(world->scenario->group_count, sizeof *world->symbols);
    }
    struct emu_symbols *symbols = &world->symbols[group];
    if (!symbols->looked_for) {
        symbols->looked_for = true;
        if (vcpu_program_load(image->path, &symbols->program, NULL) ||
            symbols->program->hash != image->hash) {
            vcpu_program_destroy(symbols->program);
            symbols->program = NULL;
        }
    }
    return symbols->program;
}

void emu_world_node_fault_describe(struct emu_world *world, uint32_t node,
                                   char result[EMU_FAULT_TEXT_MAX])
{
    const struct emu_node *faulted = &world->nodes[node];
    struct emu_text text = {0};
    result[0] = '\0';
    if (faulted->fault.kind != VCPU_FAULT_NONE) {
        add_fault(&text, emu_world_symbols(world, scn_node_group(world->scenario, node)),
                  &faulted->vcpu, &faulted->fault);
        snprintf(result, EMU_FAULT_TEXT_MAX, "%s", text.bytes);
    }
    emu_text_fini(&text);
}

bool emu_world_place_find(struct emu_world *world, uint32_t node, const char *text,
                          uint32_t *address, uint32_t *size_bytes)
{
    char *end;
    errno = 0;
    unsigned long long number = strtoull(text, &end, 0);
    if (text[0] >= '0' && text[0] <= '9' && *end == '\0' && !errno && number <= UINT32_MAX) {
        *address = (uint32_t)number;
        return true;
    }
    const struct vcpu_program *program =
        emu_world_symbols(world, scn_node_group(world->scenario, node));
    const struct vcpu_symbol *symbol = program ? vcpu_program_symbol_find(program, text) : NULL;
    if (symbol) {
        *address = symbol->address;
        if (symbol->size_bytes) {
            *size_bytes = symbol->size_bytes < EMU_WATCH_MAX ? symbol->size_bytes : EMU_WATCH_MAX;
        }
    }
    return symbol != NULL;
}

void emu_symbols_destroy(struct emu_world *world)
{
    for (uint32_t i = 0; world->symbols && i < world->scenario->group_count; i++) {
        vcpu_program_destroy(world->symbols[i].program);
    }
    free(world->symbols);
}

/*
 * What reaches a machine from the person before it: the scenario's console input and keys at their
 * times, and what somebody types, or changes by force, now.
 */
#include "world_internal.h"

#include <string.h>

#include <base/alloc.h>

#include "digest.h"
#include "probe.h"
#include "recorder.h"

/* Queues the node's own event of that kind, made on first use, for item `number` at its time. */
static void queue(struct emu_node *node, struct emu_event **event, enum emu_event_kind kind,
                  uint32_t number, uint64_t time_ns)
{
    if (!*event) {
        *event = alloc_zeroed(1, sizeof **event);
        event_init(&(*event)->base);
    }
    (*event)->base.key = (struct event_key){
        .time_ns = time_ns,
        .kind = kind,
        .destination = node->index,
        .source = number,
    };
    event_heap_push(&node->process->timers, &(*event)->base);
}

static const struct scn_group *group_of(const struct emu_node *node)
{
    return &node->process->world->scenario->groups[node->group];
}

/* --- console ---------------------------------------------------------------------------------- */

void emu_world_console_input_queue(struct emu_node *node, uint32_t input)
{
    const struct scn_group *group = group_of(node);
    if (input < group->input_count) {
        queue(node, &node->input, EMU_EVENT_INPUT, input, group->inputs[input].at_ns);
    }
}

void emu_world_console_input(struct emu_node *node, uint32_t input)
{
    const char *text = group_of(node)->inputs[input].text;
    if (emu_node_alive(node)) {
        struct dev_env env = emu_node_env(node, DEV_CONSOLE);
        uint32_t size_bytes = (uint32_t)strlen(text);
        emu_digest_add(node, EMU_DIGEST_CONSOLE_IN, input, 0, text, size_bytes);
        dev_console_input(&node->console, &env, (const uint8_t *)text, size_bytes);
    }
    emu_world_console_input_queue(node, input + 1);
    if (emu_node_alive(node) && !emu_world_console_expected(node)) {
        struct dev_env env = emu_node_env(node, DEV_CONSOLE);
        dev_console_end(&node->console, &env);
    }
}

/* What comes from outside is in the run's recording, if there is one. */
static void note(struct emu_world *world, enum emu_input_kind kind, uint32_t node, uint32_t a,
                 uint32_t b, const void *bytes, uint32_t size_bytes)
{
    const struct trace_input input = {(uint32_t)kind, node, a, b, bytes, size_bytes};
    if (world->recorder) {
        emu_recorder_input(world->recorder, &input);
    }
    bool concerns_all = kind == EMU_INPUT_SEED || kind == EMU_INPUT_END;
    for (uint32_t i = 0; world->arrivals && i < world->node_count; i++) {
        if (concerns_all || i == node) {
            emu_inputs_add_outside(&world->arrivals[i], world->now_ns, &input);
        }
    }
}

/* Nothing more will be typed on the node's console. */
static void end_typing(struct emu_node *node)
{
    if (emu_node_alive(node)) {
        struct dev_env env = emu_node_env(node, DEV_CONSOLE);
        emu_digest_add(node, EMU_DIGEST_CONSOLE_IN, UINT32_MAX, 1, NULL, 0);
        dev_console_end(&node->console, &env);
    }
}

static uint32_t type(struct emu_node *node, const void *bytes, uint32_t size_bytes)
{
    struct dev_env env = emu_node_env(node, DEV_CONSOLE);
    emu_digest_add(node, EMU_DIGEST_CONSOLE_IN, UINT32_MAX, 0, bytes, size_bytes);
    return dev_console_input(&node->console, &env, bytes, size_bytes);
}

bool emu_world_console_expected(const struct emu_node *node)
{
    const struct emu_process *process = node->process;
    bool typed_input = process->twin ? process->typed_input : process->world->typed_input;
    return typed_input || (node->input && event_queued(&node->input->base));
}

void emu_world_console_end(struct emu_world *world, uint32_t index)
{
    struct emu_node *node = &world->nodes[index];
    note(world, EMU_INPUT_END, index, 0, 0, NULL, 0);
    world->typed_input = false;
    node->process->now_ns = world->now_ns;
    end_typing(node);
}

uint32_t emu_world_console_type(struct emu_world *world, uint32_t index, const void *bytes,
                                uint32_t size_bytes)
{
    struct emu_node *node = &world->nodes[index];
    if (!emu_node_alive(node) || size_bytes == 0) {
        return 0; /* nothing typed is nothing told: how often somebody looks does not show */
    }
    note(world, EMU_INPUT_TYPED, index, 0, 0, bytes, size_bytes);
    node->process->now_ns = world->now_ns;
    return type(node, bytes, size_bytes);
}

/* --- keyboard --------------------------------------------------------------------------------- */

void emu_world_key_queue(struct emu_node *node, uint32_t key)
{
    const struct scn_group *group = group_of(node);
    if (key < group->key_event_count) {
        queue(node, &node->key, EMU_EVENT_KEY, key, group->key_events[key].at_ns);
    }
}

void emu_world_key(struct emu_node *node, uint32_t key)
{
    const struct scn_key_event *event = &group_of(node)->key_events[key];
    if (emu_node_alive(node)) {
        struct dev_env env = emu_node_env(node, DEV_KEYBOARD);
        emu_digest_add(node, EMU_DIGEST_KEY, event->usage, event->pressed, NULL, 0);
        node->account.keys_dropped +=
            !dev_keyboard_event(&node->keyboard, &env, event->usage, event->pressed);
    }
    emu_world_key_queue(node, key + 1);
}

/* --- by force --------------------------------------------------------------------------------- */

bool emu_world_node_poke(struct emu_world *world, uint32_t node, uint32_t address, uint8_t value)
{
    note(world, EMU_INPUT_POKE, node, address, value, NULL, 0);
    return vcpu_space_store(&world->nodes[node].space, address, &value, 1);
}

void emu_world_node_register_set(struct emu_world *world, uint32_t node, enum vcpu_register reg,
                                 uint32_t value)
{
    note(world, EMU_INPUT_REGISTER, node, (uint32_t)reg, value, NULL, 0);
    world->nodes[node].vcpu.gpr[reg] = value;
}

void emu_world_node_cut(struct emu_world *world, uint32_t node)
{
    note(world, EMU_INPUT_CUT, node, 0, 0, NULL, 0);
    world->nodes[node].link_cut = true;
}

void emu_world_node_drop(struct emu_world *world, uint32_t node, uint32_t count)
{
    note(world, EMU_INPUT_DROP, node, count, 0, NULL, 0);
    world->nodes[node].frames_lost = count;
}

void emu_world_entropy_seed(struct emu_world *world, uint64_t seed)
{
    note(world, EMU_INPUT_SEED, 0, (uint32_t)seed, (uint32_t)(seed >> 32), NULL, 0);
    for (uint32_t i = 0; i < world->node_count; i++) {
        world->nodes[i].entropy_seed = seed;
    }
}

void emu_world_input_again(struct emu_node *twin, const struct trace_input *input)
{
    switch ((enum emu_input_kind)input->kind) {
    case EMU_INPUT_TYPED:
        (void)type(twin, input->bytes, input->size_bytes);
        break;
    case EMU_INPUT_END:
        twin->process->typed_input = false;
        if (input->node == twin->index) {
            end_typing(twin);
        }
        break;
    case EMU_INPUT_POKE: {
        uint8_t value = (uint8_t)input->b;
        (void)vcpu_space_store(&twin->space, input->a, &value, 1);
        break;
    }
    case EMU_INPUT_REGISTER:
        twin->vcpu.gpr[input->a] = input->b;
        break;
    case EMU_INPUT_CUT:
        twin->link_cut = true;
        break;
    case EMU_INPUT_DROP:
        twin->frames_lost = input->a;
        break;
    case EMU_INPUT_SEED:
        twin->entropy_seed = (uint64_t)input->b << 32 | input->a;
        break;
    }
}

/*
 * How long translating takes: every block of guest images, each cold, as nodes would have them
 * translated on their way.
 *
 *     build/release/bench/translator_bench [--rounds N] [IMAGE...]
 *
 * Blocks are found from the entry and the functions of an image, along all branches and what comes
 * after each block. Prints the median over the rounds of the mean time of a block (processor time),
 * with the least and the greatest. In C, because it looks inside the translator.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <base/alloc.h>
#include <vcpu/image.h>
#include <vcpu/program.h>

#include "measure.h"
#include "translator/cache.h"
#include "translator/workshop.h"

#define ROUNDS_MAX 100u

/* --- an image's blocks ------------------------------------------------------------------------ */

struct blocks {
    uint32_t *addresses; /* where the translator has one, in the order in which they were found */
    uint32_t count;
    uint64_t instructions;

    const struct vcpu_image *image;
    bool *seen; /* for each address of the image */
    uint32_t *todo;
    uint32_t todo_count;
};

static void block_wanted(struct blocks *blocks, uint32_t address)
{
    uint32_t page = address >> VCPU_PAGE_BITS;
    if (page < blocks->image->page_count && blocks->image->executable[page] &&
        !blocks->seen[address]) {
        blocks->seen[address] = true;
        blocks->todo[blocks->todo_count++] = address;
    }
}

static void block_visit(struct blocks *blocks, struct block *block, uint32_t address)
{
    const struct vcpu_image *image = blocks->image;
    uint32_t offset = address & VCPU_PAGE_MASK;
    const uint8_t *bytes =
        vcpu_frame_bytes(image->arena, image->frames[address >> VCPU_PAGE_BITS]) + offset;
    block_analyse(block, address, bytes, VCPU_PAGE_BYTES - offset);
    if (block->count == 0) { /* the interpreter's; it goes on after it */
        struct isa_instruction one;
        isa_decode(bytes, VCPU_PAGE_BYTES - offset, &one);
        if (one.length_bytes) {
            block_wanted(blocks, address + one.length_bytes);
        }
        return;
    }
    blocks->addresses[blocks->count++] = address;
    blocks->instructions += block->count;
    block_wanted(blocks, block->next_eip);
    for (uint32_t i = 0; i < block->count; i++) {
        const struct isa_instruction *one = &block->ops[i].instruction;
        if (one->operand_count && one->operand[0].kind == ISA_OPERAND_RELATIVE) {
            block_wanted(blocks, block->ops[i].eip + one->length_bytes + one->operand[0].value);
        }
    }
}

static void blocks_find(struct blocks *blocks, const struct vcpu_image *image,
                        const struct vcpu_program *program)
{
    size_t size_bytes = (size_t)image->page_count * VCPU_PAGE_BYTES;
    memset(blocks, 0, sizeof *blocks);
    blocks->image = image;
    blocks->seen = alloc_zeroed(size_bytes, sizeof *blocks->seen);
    blocks->todo = alloc_zeroed(size_bytes, sizeof *blocks->todo);
    blocks->addresses = alloc_zeroed(size_bytes, sizeof *blocks->addresses);
    block_wanted(blocks, program->entry);
    for (uint32_t i = 0; i < program->symbol_count; i++) {
        if (program->symbols[i].kind == VCPU_SYMBOL_FUNCTION) {
            block_wanted(blocks, program->symbols[i].address);
        }
    }
    struct block *block = alloc_zeroed(1, sizeof *block);
    while (blocks->todo_count) {
        block_visit(blocks, block, blocks->todo[--blocks->todo_count]);
    }
    free(block);
    free(blocks->seen);
    free(blocks->todo);
}

/* --- measuring -------------------------------------------------------------------------------- */

/* Translates all blocks for an image without a cache yet; microseconds of one. */
static double round_us(struct vcpu_image *image, const struct blocks *blocks,
                       struct cache_workshop *workshop, uint64_t *hot_bytes, uint64_t *all_bytes)
{
    struct cache *cache = cache_of(image, TRANSLATOR_SLOT);
    if (!cache) {
        return -1;
    }
    struct cache_user *user = cache_enter(cache, workshop);
    uint32_t found = 0;
    *hot_bytes = *all_bytes = 0;
    double before_ns = measure_ns();
    for (uint32_t i = 0; i < blocks->count; i++) {
        found += cache_find(cache, user, blocks->addresses[i], workshop) != NULL;
        *hot_bytes += workshop->lowering.cold_begin;
        *all_bytes += workshop->emitter.size_bytes;
    }
    double took_ns = measure_ns() - before_ns;
    cache_leave(user);
    return found == blocks->count ? took_ns / 1000 / blocks->count : -1;
}

static enum status measure(const char *name, unsigned rounds, struct error *error)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s.img", BENCH_IMAGE_DIR, name);
    struct vcpu_program *program = NULL;
    struct blocks blocks = {0};
    struct cache_workshop *workshop = alloc_zeroed(1, sizeof *workshop);
    double us[ROUNDS_MAX];
    uint64_t hot_bytes = 0;
    uint64_t all_bytes = 0;
    enum status status = vcpu_program_load(path, &program, error);
    for (unsigned round = 0; !status && round < rounds; round++) {
        struct vcpu_arena *arena = NULL;
        struct vcpu_image *image = NULL;
        status = vcpu_arena_create(256u << 20, &arena, error);
        if (!status) {
            status = vcpu_image_load(arena, path, &image, error);
        }
        if (!status) {
            if (round == 0) {
                blocks_find(&blocks, image, program);
            }
            us[round] = round_us(image, &blocks, workshop, &hot_bytes, &all_bytes);
            if (us[round] < 0) {
                status =
                    error_set(error, STATUS_UNSUPPORTED, NULL, 0,
                              "%s: not all of its %u blocks can be translated", name, blocks.count);
            }
            vcpu_image_release(image);
        }
        vcpu_arena_destroy(arena);
    }
    if (!status) {
        struct measure_spread spread = measure_spread_of(us, rounds);
        printf("%-14s %7u %12.1f %6.0f + %-6.0f   %.2f (%.2f, %.2f)\n", name, blocks.count,
               (double)blocks.instructions / blocks.count, (double)hot_bytes / blocks.count,
               (double)(all_bytes - hot_bytes) / blocks.count, spread.median, spread.least,
               spread.greatest);
        fflush(stdout);
    }
    free(blocks.addresses);
    free(workshop);
    vcpu_program_destroy(program);
    return status;
}

int main(int argc, char **argv)
{
    const char *all[] = {"kademlia", "http-server", "http-client"};
    const char **names = all;
    int count = 3;
    unsigned rounds = 9;
    int first = 1;
    if (argc > 2 && strcmp(argv[1], "--rounds") == 0) {
        rounds = (unsigned)strtoul(argv[2], NULL, 10);
        first = 3;
    }
    if (argc > first) {
        names = (const char **)&argv[first];
        count = argc - first;
    }
    if (rounds < 1 || rounds > ROUNDS_MAX || names[0][0] == '-') {
        fprintf(stderr, "usage: translator_bench [--rounds 1..%u] [IMAGE...]\n", ROUNDS_MAX);
        return 2;
    }
    printf("%-14s %7s %12s %15s   microseconds a block: median (least, greatest) of %u rounds\n",
           "image", "blocks", "instr/block", "bytes (+ cold)", rounds);
    for (int i = 0; i < count; i++) {
        struct error error = ERROR_INIT;
        if (measure(names[i], rounds, &error)) {
            fprintf(stderr, "translator_bench: %s\n", error.message);
            return 1;
        }
    }
    return 0;
}

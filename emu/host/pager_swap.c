/* Where on the host's disks images and swap regions lie, and the transfers to and from them. Knows
 * sectors and blocks; what is done with them is pager.c's. */
#include <stdlib.h>
#include <string.h>

#include <base/alloc.h>
#include <base/assert.h>

#include "pager_internal.h"

/* Before which of the disk's regions (they lie by sector) there is room, and from where. */
static bool gap_find(const struct pager_disk *disk, uint64_t sector_count, uint32_t *before,
                     uint64_t *sector)
{
    uint64_t at = disk->sector;
    for (uint32_t i = 0; i <= disk->region_count; i++) {
        uint64_t end =
            i < disk->region_count ? disk->regions[i].sector : disk->sector + disk->sector_count;
        if (end - at >= sector_count) {
            *before = i;
            *sector = at;
            return true;
        }
        if (i < disk->region_count) {
            at = end + disk->regions[i].sector_count;
        }
    }
    return false;
}

static void region_insert(struct pager_disk *disk, uint32_t before,
                          const struct pager_region *region)
{
    disk->regions = alloc_grow(disk->regions, disk->region_count + 1, sizeof *disk->regions);
    memmove(disk->regions + before + 1, disk->regions + before,
            (disk->region_count - before) * sizeof *disk->regions);
    disk->regions[before] = *region;
    disk->region_count++;
    disk->used_sectors += region->sector_count;
}

/* Disks by room left, the emptiest first, so that regions spread over all of them. */
bool pager_region_take(struct emu_pager *pager, uint64_t sector_count, struct pager_region *region)
{
    bool tried[EMU_PAGER_DISKS_MAX] = {false};
    for (uint32_t round = 0; round < pager->config.disk_count; round++) {
        uint32_t best = NONE;
        for (uint32_t i = 0; i < pager->config.disk_count; i++) {
            const struct pager_disk *disk = &pager->disks[i];
            if (!tried[i] && (best == NONE || disk->sector_count - disk->used_sectors >
                                                  pager->disks[best].sector_count -
                                                      pager->disks[best].used_sectors)) {
                best = i;
            }
        }
        tried[best] = true;
        uint32_t before;
        uint64_t sector;
        if (gap_find(&pager->disks[best], sector_count, &before, &sector)) {
            *region =
                (struct pager_region){.disk = best, .sector = sector, .sector_count = sector_count};
            region_insert(&pager->disks[best], before, region);
            return true;
        }
    }
    return false;
}

bool pager_region_claim(struct emu_pager *pager, const struct pager_region *region)
{
    if (region->disk >= pager->config.disk_count) {
        return false;
    }
    struct pager_disk *disk = &pager->disks[region->disk];
    if (region->sector < disk->sector || region->sector_count > disk->sector_count ||
        region->sector - disk->sector > disk->sector_count - region->sector_count) {
        return false;
    }
    uint32_t before = 0;
    while (before < disk->region_count && disk->regions[before].sector < region->sector) {
        before++;
    }
    if (before > 0) {
        const struct pager_region *left = &disk->regions[before - 1];
        if (left->sector + left->sector_count > region->sector) {
            return false;
        }
    }
    if (before < disk->region_count &&
        region->sector + region->sector_count > disk->regions[before].sector) {
        return false;
    }
    region_insert(disk, before, region);
    return true;
}

void pager_region_give(struct emu_pager *pager, const struct pager_region *region)
{
    struct pager_disk *disk = &pager->disks[region->disk];
    uint32_t at = 0;
    while (at < disk->region_count && disk->regions[at].sector != region->sector) {
        at++;
    }
    ASSERT(at < disk->region_count);
    disk->used_sectors -= disk->regions[at].sector_count;
    disk->region_count--;
    memmove(disk->regions + at, disk->regions + at + 1,
            (disk->region_count - at) * sizeof *disk->regions);
}

uint64_t pager_room_most(const struct emu_pager *pager)
{
    uint64_t most = 0;
    for (uint32_t i = 0; i < pager->config.disk_count; i++) {
        const struct pager_disk *disk = &pager->disks[i];
        uint64_t room = disk->sector_count - disk->used_sectors;
        most = room > most ? room : most;
    }
    return most;
}

void pager_transfer(struct emu_pager *pager, uint32_t frame, const struct pager_region *region,
                    uint32_t page_count, uint32_t block, bool write, uint32_t on_behalf)
{
    uint32_t page = block << pager->block_bits;
    uint32_t pages = pager->config.block_pages;
    pages = page_count - page < pages ? page_count - page : pages; /* the last may be short */
    struct emu_pager_account *account =
        &pager->machines[write ? pager->frames[frame].owner : on_behalf].account;
    if (write) {
        account->page_outs += pages;
    } else {
        account->page_ins += pages;
    }
    pager->transfer_count++;
    const struct emu_pager_transfer transfer = {
        .id = frame,
        .disk = region->disk,
        .sector = region->sector + (uint64_t)page * EMU_PAGER_PAGE_SECTORS,
        .sector_count = pages * EMU_PAGER_PAGE_SECTORS,
        .write = write,
        .on_behalf = on_behalf,
    };
    pager->ops->transfer(pager->context, &transfer);
}

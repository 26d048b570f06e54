/* Looking at a node's screen. */
#include <stdlib.h>
#include <string.h>

#include <base/alloc.h>

#include "world_internal.h"

void emu_world_node_screen(struct emu_world *world, uint32_t index, struct emu_screen *screen)
{
    struct emu_node *node = &world->nodes[index];
    const struct scn_group *group = &world->scenario->groups[node->group];
    *screen = (struct emu_screen){group->screen_width, group->screen_height, NULL};
    if (!emu_node_device_present(node, DEV_FRAMEBUFFER)) {
        return;
    }
    screen->rgb = alloc_zeroed((size_t)screen->width * screen->height, 3);
    const struct abi_framebuffer *picture = node->framebuffer.picture;
    struct dev_env env = emu_node_env(node, DEV_FRAMEBUFFER);
    for (uint32_t y = 0; picture && y < picture->height; y++) {
        dev_framebuffer_row(&node->framebuffer, &env, y,
                            screen->rgb + (size_t)y * screen->width * 3);
    }
}

/* Binary search tree: insertions in random order, then a walk; branches that cannot be guessed. */
unsigned kernel(void);

enum { NODES = 4000, ROUNDS = 8 };
struct node {
    struct node *child[2];
    unsigned key;
};
static struct node nodes[NODES];

static unsigned walk(const struct node *node, unsigned sum)
{
    if (!node) {
        return sum;
    }
    sum = walk(node->child[0], sum);
    return walk(node->child[1], sum * 31 + node->key);
}

unsigned kernel(void)
{
    unsigned sum = 0;
    unsigned random = 7;
    for (int round = 0; round < ROUNDS; round++) {
        struct node *root = 0;
        for (int i = 0; i < NODES; i++) {
            random = random * 1664525u + 1013904223u;
            nodes[i] = (struct node){{0, 0}, random >> 8};
            struct node **at = &root;
            while (*at) {
                at = &(*at)->child[nodes[i].key > (*at)->key];
            }
            *at = &nodes[i];
        }
        sum = walk(root, sum);
    }
    return sum;
}

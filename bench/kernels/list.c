/* Linked lists, as CoreMark has them: build, reverse, merge sort, search; dependent loads. */
unsigned kernel(void);

enum { NODES = 2000, ROUNDS = 40 };
struct node {
    struct node *next;
    int value;
};
static struct node nodes[NODES];

static struct node *merge(struct node *a, struct node *b)
{
    struct node head;
    struct node *tail = &head;
    while (a && b) {
        if (a->value <= b->value) {
            tail->next = a;
            a = a->next;
        } else {
            tail->next = b;
            b = b->next;
        }
        tail = tail->next;
    }
    tail->next = a ? a : b;
    return head.next;
}

static struct node *sort(struct node *list)
{
    if (!list || !list->next) {
        return list;
    }
    struct node *slow = list;
    for (struct node *fast = list->next; fast && fast->next; fast = fast->next->next) {
        slow = slow->next;
    }
    struct node *half = slow->next;
    slow->next = 0;
    return merge(sort(list), sort(half));
}

unsigned kernel(void)
{
    unsigned seed = 1;
    unsigned sum = 0;
    for (int round = 0; round < ROUNDS; round++) {
        struct node *list = 0;
        for (int i = 0; i < NODES; i++) {
            seed = seed * 1103515245u + 12345u;
            nodes[i].value = (int)(seed >> 16);
            nodes[i].next = list;
            list = &nodes[i];
        }
        list = sort(list);
        unsigned position = 0;
        for (struct node *node = list; node; node = node->next) {
            sum += (unsigned)node->value * ++position;
        }
    }
    return sum;
}

/* Replay of a stimulus, and its way to the shortest one that still fails. */
#include <string.h>

#include "tests/lockstep/lockstep.h"

uint32_t lockstep_replay(const struct lockstep_block *b,
                         const struct lockstep_stimulus *s,
                         uint32_t seen[2][LOCKSTEP_WORDS_MAX])
{
    size_t bytes = b->words * sizeof(uint32_t);
    uint32_t next = 0;

    for (int i = 0; i < 2; i++)
        b->side[i].power_up(b->side[i].ctx, &s->setup);
    for (uint32_t n = 0; n < s->cycles; n++) {
        struct lockstep_cycle c = {n, 0, s->op + next};

        while (next + c.ops < s->ops && s->op[next + c.ops].cycle == n)
            c.ops++;
        next += c.ops;
        for (int i = 0; i < 2; i++) {
            memset(seen[i], 0, bytes);
            b->side[i].cycle(b->side[i].ctx, &c, seen[i]);
        }
        if (memcmp(seen[0], seen[1], bytes))
            return n;
    }
    return LOCKSTEP_SAME;
}

/* Still fails?  Then nothing after the difference is needed. */
static bool fails(const struct lockstep_block *b, struct lockstep_stimulus *s)
{
    uint32_t seen[2][LOCKSTEP_WORDS_MAX];
    uint32_t cycle = lockstep_replay(b, s, seen);

    if (cycle == LOCKSTEP_SAME)
        return false;
    s->cycles = cycle + 1;
    while (s->ops && s->op[s->ops - 1].cycle > cycle)
        s->ops--;
    return true;
}

/* True if the stimulus fails without the operations first..first+count-1;
 * they are gone then. */
static bool drop(const struct lockstep_block *b, struct lockstep_stimulus *s,
                 uint32_t first, uint32_t count)
{
    static struct lockstep_op room[LOCKSTEP_EPISODE * LOCKSTEP_OPS_MAX];
    struct lockstep_stimulus less = *s;

    less.op = room;
    less.ops = s->ops - count;
    memcpy(room, s->op, first * sizeof(*room));
    memcpy(room + first, s->op + first + count,
           (less.ops - first) * sizeof(*room));
    if (!fails(b, &less))
        return false;
    memcpy(s->op, room, less.ops * sizeof(*room));
    s->ops = less.ops;
    s->cycles = less.cycles;
    return true;
}

static bool drop_chunks(const struct lockstep_block *b,
                        struct lockstep_stimulus *s, uint32_t size)
{
    bool dropped = false;

    for (uint32_t i = 0; i < s->ops;) {
        uint32_t count = size < s->ops - i ? size : s->ops - i;

        if (drop(b, s, i, count))
            dropped = true;
        else
            i += count;
    }
    return dropped;
}

/* Everything from operation `from` on happens `by` cycles earlier. */
static bool pull(const struct lockstep_block *b, struct lockstep_stimulus *s,
                 uint32_t from, uint32_t by)
{
    struct lockstep_stimulus sooner = *s;

    for (uint32_t i = from; i < s->ops; i++)
        s->op[i].cycle -= by;
    if (fails(b, &sooner)) {
        s->cycles = sooner.cycles;
        s->ops = sooner.ops;
        return true;
    }
    for (uint32_t i = from; i < s->ops; i++)
        s->op[i].cycle += by;
    return false;
}

/* Operations of different cycles stay apart: a cycle has an order of its own
 * and room for one of a kind. */
static uint32_t gap_before(const struct lockstep_stimulus *s, uint32_t i)
{
    uint32_t cycle = s->op[i].cycle;

    if (!i)
        return cycle;
    return cycle > s->op[i - 1].cycle ? cycle - s->op[i - 1].cycle - 1 : 0;
}

static void close_gaps(const struct lockstep_block *b,
                       struct lockstep_stimulus *s)
{
    for (uint32_t i = 0; i < s->ops; i++) {
        uint32_t by = gap_before(s, i);

        while (by && i < s->ops) {
            bool pulled = pull(b, s, i, by);
            uint32_t gap = i < s->ops ? gap_before(s, i) : 0;

            by = pulled && gap < by ? gap : by / (pulled ? 1 : 2);
        }
    }
}

void lockstep_shrink(const struct lockstep_block *b,
                     struct lockstep_stimulus *s)
{
    bool again = fails(b, s);

    for (uint32_t size = s->ops / 2; size > 1; size /= 2)
        drop_chunks(b, s, size);
    while (again)
        again = drop_chunks(b, s, 1);
    close_gaps(b, s);
    while (drop_chunks(b, s, 1))
        close_gaps(b, s);
}

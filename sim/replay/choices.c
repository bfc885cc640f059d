/* A stack of the last choices, each with the player as it was before. */
#include <stdlib.h>
#include <string.h>

#include "sim/replay/choices.h"

/* A wrong choice shows when the CPU's next request finds its vector still
 * waiting: a few interrupts later. */
#define CHOICES_KEPT 16u
#define RETREATS_MOST 4096u /* for one difference */

struct moment {
    struct player player;
    struct replay_result result;
};

struct choices {
    struct choice {
        struct moment before;
        unsigned next; /* of its candidates */
    } kept[CHOICES_KEPT];
    unsigned count;
    unsigned next;          /* candidate of the choice that is made again */
    unsigned spent;         /* retreats since `farthest` */
    struct moment farthest; /* a difference, as late as could be had */
};

struct choices *choices_new(void)
{
    struct choices *c = calloc(1, sizeof *c);

    if (!c)
        abort();
    return c;
}

void choices_free(struct choices *c)
{
    free(c);
}

bool candidate_first(struct candidates *c, unsigned cpu)
{
    unsigned i = 0;

    while (i < c->count && c->cpu[i] != cpu)
        i++;
    if (i == c->count)
        return false;
    memmove(&c->cpu[1], &c->cpu[0], i);
    c->cpu[0] = (uint8_t)cpu;
    return true;
}

static struct moment now(const struct player *p)
{
    return (struct moment){*p, *p->result};
}

static void go_back(struct player *p, const struct moment *m)
{
    *p = m->player;
    *p->result = m->result;
}

uint8_t choices_take(struct player *p, const struct candidates *c)
{
    struct choices *all = p->choices;
    unsigned taken = all->next;

    all->next = 0;
    if (taken + 1 < c->count) {
        if (all->count == CHOICES_KEPT)
            memmove(&all->kept[0], &all->kept[1],
                    --all->count * sizeof all->kept[0]);
        all->kept[all->count++] = (struct choice){now(p), taken + 1};
    }
    return c->cpu[taken];
}

bool choices_retreat(struct player *p)
{
    struct choices *all = p->choices;

    if (p->at > all->farthest.player.at || !all->farthest.player.choices) {
        all->farthest = now(p);
        all->spent = 0;
    }
    if (all->count && all->spent < RETREATS_MOST) {
        const struct choice *last = &all->kept[--all->count];

        all->spent++;
        all->next = last->next;
        go_back(p, &last->before);
        return true;
    }
    go_back(p, &all->farthest);
    all->count = 0;
    return false;
}

/* Table entries that software moves during the run, and what it costs. */
#include <assert.h>

#include "sim/machine/machine_private.h"

struct vtd_move *moves_add(struct machine *m, uint16_t sid, uint32_t index,
                           bool flush)
{
    struct vtd_move *move;

    assert(m->moves < MOVES_MAX);
    move = arena_take(&m->arena, 1, sizeof *move);
    m->move[m->moves++] = move;
    *move = (struct vtd_move){.driver = &remap_unit_of(m, sid)->driver,
                              .index = index,
                              .flush = flush};
    return move;
}

void moves_begin(struct machine *m)
{
    for (unsigned i = 0; i < m->moves; i++)
        m->move[i]->done = (struct vtd_moves_done){0};
}

static void times(const struct machine *m, const struct vtd_moves_done *sum,
                  struct figures *out)
{
    figures_add_count(out, "cycles", sum->time / m->core.period,
                      "moves.cycles");
    if (sum->count)
        figures_add_real(
            out, "ns", (double)sum->time / (double)sum->count / (double)SIM_NS,
            "moves.mean");
    figures_add_real(out, "ns", (double)sum->longest / (double)SIM_NS,
                     "moves.max");
}

void moves_figures(const struct machine *m, struct figures *out)
{
    struct vtd_moves_done sum = {0};

    if (!m->moves)
        return;
    for (unsigned i = 0; i < m->moves; i++) {
        const struct vtd_moves_done *d = &m->move[i]->done;

        sum.count += d->count;
        sum.strays += d->strays;
        sum.time += d->time;
        sum.longest = d->longest > sum.longest ? d->longest : sum.longest;
    }
    figures_add_count(out, "", sum.count, "moves.count");
    times(m, &sum, out);
    figures_add_count(out, "", sum.strays, "moves.strays");
}

/* Identities beside posted-interrupt descriptors. */
#include "sim/core/posted_irqs.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

void posted_irqs_init(struct posted_irqs *p, struct irqs *irqs,
                      struct posted_irqs_row *rows, uint32_t capacity)
{
    *p = (struct posted_irqs){irqs, rows, 0, capacity};
}

void posted_irqs_add(struct posted_irqs *p, uint64_t pid)
{
    assert(p->count < p->capacity);
    p->row[p->count++] = (struct posted_irqs_row){.pid = pid};
}

static struct posted_irqs_row *find(const struct posted_irqs *p, uint64_t pid)
{
    for (uint32_t i = 0; i < p->count; i++)
        if (p->row[i].pid == pid)
            return &p->row[i];
    return NULL;
}

void posted_irqs_put(struct posted_irqs *p, uint64_t pid, uint8_t vector,
                     irq_id irq)
{
    struct posted_irqs_row *row = find(p, pid);

    if (!row)
        irq_drop(p->irqs, irq, IRQ_NO_TARGET);
    else if (row->irq[vector])
        irq_merge(p->irqs, irq, IRQ_PIR_SET);
    else
        row->irq[vector] = irq;
}

irq_id posted_irqs_take(struct posted_irqs *p, uint64_t pid, uint8_t vector)
{
    struct posted_irqs_row *row = find(p, pid);
    irq_id irq = row ? row->irq[vector] : 0;

    if (row)
        row->irq[vector] = 0;
    return irq;
}

static void each_of_row(const struct posted_irqs_row *row,
                        void (*each)(void *ctx, irq_id id), void *ctx)
{
    for (unsigned v = 0; v < 256; v++)
        if (row->irq[v])
            each(ctx, row->irq[v]);
}

void posted_irqs_each_of(const struct posted_irqs *p, uint64_t pid,
                         void (*each)(void *ctx, irq_id id), void *ctx)
{
    const struct posted_irqs_row *row = find(p, pid);

    if (row)
        each_of_row(row, each, ctx);
}

void posted_irqs_each_held(const struct posted_irqs *p,
                           void (*each)(void *ctx, irq_id id), void *ctx)
{
    for (uint32_t i = 0; i < p->count; i++)
        each_of_row(&p->row[i], each, ctx);
}

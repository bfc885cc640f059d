/* Our side: both nodes on one engine, without delays. */
#ifndef TESTS_DIFFERENTIAL_BOARD_H
#define TESTS_DIFFERENTIAL_BOARD_H

#include "models/ioapic/ioapic_node.h"
#include "models/pic/pic_node.h"
#include "tests/differential/op.h"

#define BOARD_PINS 24u

struct board {
    struct engine engine;
    struct engine_slot heap[ENGINE_SLOTS(8)];
    struct irqs irqs;
    struct irq_record record[256];
    struct pic_node pic;
    struct ioapic_node ioapic;
    bool nobody; /* no local APIC takes a message; else one takes each */
    struct answer answer;
};

/* As after power-up, all lines low; VERSION of the I/O APIC is 20h. */
void board_init(struct board *b);

void board_do(struct board *b, const struct op *op, struct answer *a);

/* NULL, or the first broken invariant in words. */
const char *board_check(const struct board *b);

#endif

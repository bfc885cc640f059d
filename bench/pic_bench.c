/* How fast the 8259As' model takes requests and register accesses, without
 * engine and node. */
#include <stdio.h>

#include "bench/bench.h"
#include "models/pic/pic_pair.h"

static void put(struct pic_pair *b, uint16_t port, uint32_t value)
{
    struct pic_access a = {port, 1, value};

    pic_pair_write(b, &a);
}

/* A line rises, INTA, EOI, the line falls. */
static void round_trips(void *model, uint32_t times, uint64_t *sum)
{
    struct pic_pair *b = model;

    for (uint32_t i = 0; i < times; i++) {
        unsigned line = 3 + i % 5;
        uint8_t vector;

        *sum += pic_pair_set_line(b, line, true).intr;
        pic_pair_acknowledge(b, &vector);
        *sum += vector;
        put(b, PIC_PORT_MASTER_COMMAND, PIC_OCW2_EOI);
        pic_pair_set_line(b, line, false);
    }
}

/* A write and a read of the IMR. */
static void accesses(void *model, uint32_t times, uint64_t *sum)
{
    struct pic_pair *b = model;

    for (uint32_t i = 0; i < times / 2; i++) {
        struct pic_access a = {.port = PIC_PORT_MASTER_DATA, .bytes = 1};

        put(b, PIC_PORT_MASTER_DATA, i & 0x07);
        pic_pair_read(b, &a);
        *sum += a.value;
    }
}

int main(void)
{
    struct pic_pair b;
    uint64_t sum = 0;
    double trips, bytes;

    pic_pair_init(&b, false);
    put(&b, PIC_PORT_MASTER_COMMAND, PIC_ICW1_SELECT | PIC_ICW1_IC4);
    put(&b, PIC_PORT_MASTER_DATA, 0x20);
    put(&b, PIC_PORT_MASTER_DATA, 1 << PIC_CASCADE);
    put(&b, PIC_PORT_MASTER_DATA, PIC_ICW4_UPM);
    trips = bench_best(round_trips, &b, &sum);
    bytes = bench_best(accesses, &b, &sum);
    printf("pic: %.1f million round trips/s (line, INTA, EOI), %.1f million "
           "register accesses/s, best of %d, check %ju\n",
           trips, bytes, BENCH_BATCHES, (uintmax_t)sum);
    return 0;
}

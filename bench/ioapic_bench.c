/* How fast the I/O APIC's model takes interrupts and register accesses, without
 * engine and node. */
#include <stdio.h>

#include "bench/bench.h"
#include "models/ioapic/ioapic.h"

#define PINS 24u
#define VECTOR 0x50u

static void put(struct ioapic *io, uint32_t index, uint32_t value)
{
    struct ioapic_mmio select = {IOAPIC_IOREGSEL, 4, index};
    struct ioapic_mmio window = {IOAPIC_IOWIN, 4, value};

    ioapic_write(io, &select);
    ioapic_write(io, &window);
}

/* A level-triggered pin rises, its message is taken, the pin falls, EOI.
 * */
static void round_trips(void *model, uint32_t times, uint64_t *sum)
{
    struct ioapic *io = model;

    for (uint32_t i = 0; i < times; i++) {
        unsigned pin = i % PINS;

        ioapic_set_pin(io, pin, true);
        *sum += ioapic_take(io).message.data;
        ioapic_answer(io, pin, true);
        ioapic_set_pin(io, pin, false);
        ioapic_eoi(io, (uint8_t)(VECTOR + pin));
    }
}

/* IOREGSEL and IOWIN, written and read. */
static void accesses(void *model, uint32_t times, uint64_t *sum)
{
    struct ioapic *io = model;

    for (uint32_t i = 0; i < times / 4; i++) {
        struct ioapic_mmio a = {.offset = IOAPIC_IOREGSEL, .bytes = 4};

        put(io, IOAPIC_AT_RTE_HIGH + 2 * (i % PINS), i << 24);
        ioapic_read(io, &a);
        *sum += a.value;
        a.offset = IOAPIC_IOWIN;
        ioapic_read(io, &a);
        *sum += a.value;
    }
}

int main(void)
{
    struct ioapic_config config = {PINS, 0x20};
    struct ioapic io;
    uint64_t sum = 0;
    double trips, words;

    ioapic_init(&io, &config);
    for (uint32_t pin = 0; pin < PINS; pin++)
        put(&io, IOAPIC_AT_RTE_LOW + 2 * pin,
            (VECTOR + pin) | IOAPIC_RTE_LEVEL);
    trips = bench_best(round_trips, &io, &sum);
    words = bench_best(accesses, &io, &sum);
    printf("ioapic: %.1f million round trips/s (pin, message, answer, EOI), "
           "%.1f million register accesses/s, best of %d, check %ju\n",
           trips, words, BENCH_BATCHES, (uintmax_t)sum);
    return 0;
}

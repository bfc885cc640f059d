/*
 * Recordings of a whole machine: what their two forms, the compact one and
 * QEMU's trace log, have in common.
 */
#ifndef SIM_REPLAY_DECODE_MACHINE_H
#define SIM_REPLAY_DECODE_MACHINE_H

#include "sim/replay/decode.h"

#define MACHINE_THREADS 64u
#define MACHINE_CPUS 64u
#define MACHINE_NOT_A_CPU UINT8_MAX

struct machine_thread {
    uint64_t name;
    uint8_t first, cpu; /* accessed a register first and last here, or
                           MACHINE_NOT_A_CPU */
    bool asked;         /* its CPU was asked for before it was known */
};

struct machine_decoder {
    struct decoder *c;
    bool started; /* the first register access was seen */
    uint64_t time_ns;
    struct machine_thread thread[MACHINE_THREADS];
    unsigned threads;
    uint64_t current; /* the thread of the line at hand */
    bool inta;        /* an INTA cycle: the vector that is taken follows ... */
    bool inta_left_out; /* ... and it is not played */
    uint64_t inta_vector;
    /* The device tells of a register access too, by the register's number:
     * before a read and after a write, and alone of an x2APIC access. */
    bool read_told; /* not yet known which of the two it is */
    uint32_t told_line, told_register;
    uint64_t told_thread, told_value;
    /* What this event writes to the page, and what the one before did. */
    struct machine_written {
        bool is;
        uint32_t reg;
        uint64_t thread, value;
    } written, written_before;
};

enum machine_device {
    DEVICE_LAPIC,
    DEVICE_IOAPIC,
    DEVICE_PIC,
    DEVICE_REMAPPER,
    DEVICE_MESSAGES, /* takes messages, and passes them to a remapper */
};

/* A message as the local APICs see it. */
struct machine_delivery {
    uint32_t dest;
    bool logical, level;
    uint8_t mode, vector;
};

struct machine_access {
    enum machine_device device;
    bool write;
    unsigned cpu; /* or MACHINE_NOT_A_CPU */
    uint64_t addr, value;
    unsigned bytes;
};

/* Each of these is one event of a log, at the line at hand; machine_event()
 * comes before it, for every event. */
void machine_event(struct machine_decoder *m, bool apic_read);
void machine_access(struct machine_decoder *m, const struct machine_access *a);
void machine_msr(struct machine_decoder *m, bool write, uint32_t msr,
                 uint64_t value);
void machine_by_number(struct machine_decoder *m, bool write, uint32_t reg,
                       uint64_t value);
void machine_pic_line(struct machine_decoder *m, bool master, unsigned irq,
                      bool high);
void machine_pin(struct machine_decoder *m, unsigned isa_line, bool high);
void machine_message(struct machine_decoder *m, uint64_t addr, uint64_t data);
void machine_delivered(struct machine_decoder *m,
                       const struct machine_delivery *d);
void machine_timer(struct machine_decoder *m);
void machine_inta(struct machine_decoder *m, uint64_t vector);
void machine_taken(struct machine_decoder *m, uint64_t vector);

/*
 * Decodes all lines.  Which CPU accesses an MSR follows from its thread: the
 * one that accessed a register there last, or will first; a thread without
 * any gets a CPU of its own.
 */
void machine_decode(struct decoder *c, void (*line)(struct machine_decoder *m));

#endif

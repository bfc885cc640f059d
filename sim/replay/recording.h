/*
 * A recording: the text of a file, plain or packed with xz, in lines; and of
 * which kind it is, which its first lines say.
 */
#ifndef SIM_REPLAY_RECORDING_H
#define SIM_REPLAY_RECORDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/core/diag.h"

enum recording_kind {
    RECORDING_LAPIC,  /* BEGIN lapic */
    RECORDING_X2APIC, /* BEGIN x2apic */
    RECORDING_PIC,    /* BEGIN pic */
    RECORDING_IOAPIC, /* BEGIN ioapic */
    RECORDING_VAPIC,  /* BEGIN vapic */
    RECORDING_VTD,    /* k irte[i]=HI:LO ... */
    RECORDING_BOOT,   /* seq seconds thread KIND ... */
    RECORDING_QEMU,   /* QEMU's own trace log */
};

/* Without the end of line; not terminated. */
struct recording_line {
    const char *text;
    size_t bytes;
};

struct recording {
    char *path;
    enum recording_kind kind;
    char *text;
    size_t bytes;
    struct recording_line *line; /* line n is line[n - 1] */
    uint32_t line_count;
};

/* NULL after the mistake is in `d`: the file cannot be read, is damaged or
 * of no kind that can be played. */
struct recording *recording_load(const char *path, struct diag *d);

/* The same for text in memory, which is copied; `path` names it. */
struct recording *recording_from(const char *path, const char *text,
                                 struct diag *d);

void recording_free(struct recording *r);

#endif

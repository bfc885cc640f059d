/* Lines of a virtual-APIC recording, taken apart. */
#ifndef SIM_REPLAY_VAPIC_DECODE_H
#define SIM_REPLAY_VAPIC_DECODE_H

#include "sim/replay/decode.h"
#include "sim/replay/vapic_row.h"

struct vapic_rows {
    struct vapic_row *row;
    size_t count;
};

/* All lines but the titles; mistakes go to `d`.  vapic_rows_free() in any
 * case. */
void vapic_rows_decode(struct vapic_rows *rows, const struct recording *r,
                       struct diag *d);
void vapic_rows_free(struct vapic_rows *rows);

/* The word before the i-th number of a line of this kind. */
const char *vapic_value_name(enum vapic_row_kind kind, unsigned i);

#endif

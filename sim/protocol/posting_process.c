/*
 * Posting against posted-interrupt processing.
 *
 * A device posts two interrupts through the remapping hardware to guest A,
 * which runs.  The processor takes them in several accesses to the descriptor,
 * and it clears ON first: what is posted behind that either is found in PIR or
 * notifies again.  The mistake is to clear ON last: what comes behind the read
 * of its part of PIR found ON set and does not notify, and ON is then lost.
 */
#include "sim/protocol/world.h"

static const struct protocol_step cpu_0[] = {
    {NULL, world_guest_ready, world_guest_step, {0}},
};

static const struct protocol_agent agents[] = {
    {"CPU 0", cpu_0},
    {"device", world_device},
    {"interconnect", world_interconnect},
    {NULL, NULL},
};

static const struct protocol_parts parts = {agents, world_guest_a_runs,
                                            world_undelivered};

const struct protocol posting_against_processing = {
    .name = "posting-against-processing",
    .title = "A device posts while the processor takes what was posted.",
    .parts = &parts,
};

const struct protocol posting_on_cleared_late = {
    .name = "posting-on-cleared-late",
    .title = "The same with a mistake: PIR is read before ON is cleared.",
    .broken = true,
    .pir_first = true,
    .parts = &parts,
};

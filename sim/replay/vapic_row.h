/*
 * The lines of a virtual-APIC recording as numbers.  A line is words that name
 * what follows, and numbers; vapic_fields.def says which.
 */
#ifndef SIM_REPLAY_VAPIC_ROW_H
#define SIM_REPLAY_VAPIC_ROW_H

#include <stdbool.h>
#include <stdint.h>

#define VAPIC_VALUES 36u
#define VAPIC_TAKEN 16u

enum vapic_row_kind {
    VAPIC_SETUP,     /* T: a new set-up */
    VAPIC_OPERATION, /* O */
    VAPIC_EXIT,      /* E: answer, a VM exit before the VMCALL */
    VAPIC_STATE,     /* S: answer, what the operation left */
    VAPIC_FAILURE,   /* F: answer, the VM entry failed */
    VAPIC_ROW_KINDS
};

/* Places of the numbers, by kind. */
enum {
    SETUP_NUMBER,
    SETUP_CTL,
    SETUP_THRESHOLD,
    SETUP_VTPR,
    SETUP_RVI,
    SETUP_SVI,
    SETUP_EOI_EXIT,
    SETUP_PIR = SETUP_EOI_EXIT + 4,
    SETUP_ON = SETUP_PIR + 4,
    SETUP_IRR,
    SETUP_ISR = SETUP_IRR + 8,
};
enum { OPERATION_KIND, OPERATION_OFFSET, OPERATION_VALUE };
enum { EXIT_AT_REASON, EXIT_AT_QUALIFICATION, EXIT_AT_STATUS, EXIT_AT_INFO };
enum {
    STATE_VALUE,
    STATE_FAULT,
    STATE_VTPR,
    STATE_VPPR,
    STATE_VEOI,
    STATE_ICR_HIGH,
    STATE_ICR_LOW,
    STATE_STATUS,
    STATE_IRR,
    STATE_ISR = STATE_IRR + 8,
    STATE_ON = STATE_ISR + 8,
};
enum { FAILURE_ENTRY, FAILURE_CODE }; /* entry failure, or VMfail */

/* What the guest does. */
enum vapic_operation {
    VAPIC_OP_READ,
    VAPIC_OP_WRITE,
    VAPIC_OP_RDMSR,
    VAPIC_OP_WRMSR,
    VAPIC_OP_SET_CR8,
    VAPIC_OP_CR8,
    VAPIC_OP_WINDOW, /* STI NOP NOP CLI */
    VAPIC_OP_NOP,
    VAPIC_OPS
};

struct vapic_row {
    uint32_t line;
    uint8_t kind; /* enum vapic_row_kind */
    bool unscored;
    uint8_t taken[VAPIC_TAKEN]; /* vectors, of a STATE */
    uint8_t taken_count;
    uint64_t value[VAPIC_VALUES];
};

#endif

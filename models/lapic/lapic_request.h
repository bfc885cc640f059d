/*
 * Every call that can change a local APIC, as plain data: the model carries it
 * out, or the RTL twin in its place.
 */
#ifndef MODELS_LAPIC_LAPIC_REQUEST_H
#define MODELS_LAPIC_LAPIC_REQUEST_H

#include "models/lapic/lapic.h"

enum lapic_request_kind {
    LAPIC_REQUEST_MESSAGE,
    LAPIC_REQUEST_LINT,
    LAPIC_REQUEST_LOCAL,
    LAPIC_REQUEST_ACK,
    LAPIC_REQUEST_ACK_EXTINT,
    LAPIC_REQUEST_RESET,
    LAPIC_REQUEST_EXPIRE, /* what lapic_timer_due() told is due */
    LAPIC_REQUEST_SET_CR8,
    LAPIC_REQUEST_LOAD, /* from here on time matters to the model */
    LAPIC_REQUEST_STORE,
    LAPIC_REQUEST_RDMSR,
    LAPIC_REQUEST_WRMSR,
};

struct lapic_request {
    enum lapic_request_kind kind;
    union {
        struct msg_apic message;
        struct {
            unsigned pin;
            bool high;
        } lint;
        enum lapic_lvt local;
        enum lapic_reset reset;
        uint8_t vector; /* of LAPIC_REQUEST_ACK: the answer */
        struct {
            uint32_t address; /* in the page, or of the MSR */
            unsigned bytes;
            uint64_t value; /* also the answer */
        } access;
    };
};

struct lapic_out lapic_perform(struct lapic *l, struct lapic_request *req,
                               struct lapic_time now);

#endif

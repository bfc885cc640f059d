/*
 * Every call that can change the pair of 8259As, as plain data: the model
 * carries it out, or the RTL twin in its place.
 */
#ifndef MODELS_PIC_PIC_REQUEST_H
#define MODELS_PIC_PIC_REQUEST_H

#include "models/pic/pic_pair.h"

enum pic_request_kind {
    PIC_REQUEST_LINE,
    PIC_REQUEST_READ,
    PIC_REQUEST_WRITE,
    PIC_REQUEST_ACKNOWLEDGE,
};

struct pic_request {
    enum pic_request_kind kind;
    union {
        struct {
            unsigned number;
            bool high;
        } line;
        struct pic_access access; /* also the answer of a read */
        uint8_t vector;           /* the answer of an acknowledge */
    };
};

struct pic_out pic_perform(struct pic_pair *b, struct pic_request *req);

#endif

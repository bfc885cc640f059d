// The priority resolver of one 8259A.
module pic_resolve #(
  parameter bit Master
) (
  input  pic_pkg::state_t state_i,
  output logic            found_o,
  output logic [2:0]      level_o,
  output logic [7:0]      cascade_o  // levels on which a slave hangs
);
  logic [7:0] irr;
  logic [7:0] block;
  logic [7:0] pass;
  logic       unused_state;

  assign irr = state_i.line & (state_i.edges | state_i.elcr);
  // In special mask mode a masked level in service blocks nobody.
  assign block = state_i.smm ? state_i.isr & ~state_i.imr : state_i.isr;
  assign cascade_o = Master && !state_i.sngl ? state_i.icw3 : 8'd0;
  assign pass = state_i.sfnm ? cascade_o : 8'd0;

  assign unused_state = ^state_i;

  pic_priority u_priority (
    .request_i(irr & ~state_i.imr), .block_i(block), .pass_i(pass), .lowest_i(state_i.lowest),
    .found_o, .level_o
  );
endmodule

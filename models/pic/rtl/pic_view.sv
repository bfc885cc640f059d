// One 8259A's state as words, for debuggers.
module pic_view (
  input  pic_pkg::state_t                  state_i,
  output logic [32*pic_pkg::ChipWords-1:0] words_o
);
  assign words_o[31:0] = {state_i.isr, state_i.imr, state_i.edges, state_i.line};
  assign words_o[63:32] = {5'd0, state_i.lowest, state_i.base, state_i.icw3, state_i.elcr};
  assign words_o[95:64] = {21'd0, state_i.init, state_i.ic4, state_i.sngl, state_i.aeoi,
                           state_i.sfnm, state_i.rot_aeoi, state_i.smm, state_i.read_isr,
                           state_i.poll, state_i.int_held};
endmodule

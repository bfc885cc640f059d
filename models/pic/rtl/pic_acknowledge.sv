// The acknowledge of one 8259A, by INTA or by a poll: its level, if there is one, goes into
// service.
module pic_acknowledge (
  input  pic_pkg::state_t state_i,
  input  logic            valid_i,
  input  logic            found_i,
  input  logic [2:0]      level_i,
  output pic_pkg::state_t state_o
);
  always_comb begin
    state_o = state_i;
    if (valid_i) begin
      state_o.int_held = 1'b0;
      if (found_i) begin
        state_o.edges[level_i] = 1'b0;
        state_o.isr[level_i] = !state_i.aeoi;
        if (state_i.aeoi && state_i.rot_aeoi) state_o.lowest = level_i;
      end
    end
  end
endmodule

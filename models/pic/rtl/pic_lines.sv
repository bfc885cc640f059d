// The inputs of one 8259A at a clock edge.
module pic_lines (
  input  pic_pkg::state_t state_i,
  input  logic [7:0]      line_i,
  output pic_pkg::state_t state_o
);
  always_comb begin
    state_o = state_i;
    state_o.line = line_i;
    state_o.edges = line_i & (state_i.edges | ~state_i.line);
  end
endmodule

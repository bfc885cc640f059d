// The end of each step: the slave's INT, held until its acknowledge, reaches the master's IR2.
module pic_settle (
  input  pic_pkg::state_t master_i,
  input  pic_pkg::state_t slave_i,
  output pic_pkg::state_t master_o,
  output pic_pkg::state_t slave_o,

  output logic            master_found_o,
  output logic [2:0]      master_level_o,
  output logic [7:0]      cascade_o,
  output logic            slave_found_o,
  output logic [2:0]      slave_level_o,
  output logic            int_o
);
  logic       slave_int;
  logic [7:0] no_cascade;

  pic_resolve #(.Master(1'b0)) u_slave (
    .state_i(slave_i), .found_o(slave_found_o), .level_o(slave_level_o), .cascade_o(no_cascade)
  );
  assign slave_int = slave_i.init == pic_pkg::InitIdle && (slave_i.int_held || slave_found_o);

  always_comb begin
    slave_o = slave_i;
    slave_o.int_held = slave_int || (|no_cascade);
    master_o = master_i;
    master_o.line[pic_pkg::Cascade] = slave_int;
    master_o.edges[pic_pkg::Cascade] = slave_int
        && (master_i.edges[pic_pkg::Cascade] || !master_i.line[pic_pkg::Cascade]);
  end

  pic_resolve #(.Master(1'b1)) u_master (
    .state_i(master_o), .found_o(master_found_o), .level_o(master_level_o), .cascade_o
  );
  assign int_o = master_o.init == pic_pkg::InitIdle && master_found_o;
endmodule

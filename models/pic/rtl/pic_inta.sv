// The INTA cycle, both pulses as one step.  Purely combinational.
module pic_inta (
  input  pic_pkg::state_t master_i,
  input  pic_pkg::state_t slave_i,
  input  logic            valid_i,

  // what the resolvers say of master_i and slave_i
  input  logic            master_found_i,
  input  logic [2:0]      master_level_i,
  input  logic [7:0]      cascade_i,
  input  logic            slave_found_i,
  input  logic [2:0]      slave_level_i,

  output pic_pkg::state_t master_o,
  output pic_pkg::state_t slave_o,
  output logic [7:0]      vector_o,
  output logic            dipped_o,       // INT was low between the pulses
  output logic            master_acked_o, // a level of the master that is no cascade
  output logic            slave_acked_o,  // a level of the slave
  output logic            no_slave_o      // none has the identity of the cascade level
);
  pic_pkg::state_t slave_acked;
  logic            to_slave;
  logic            slave_answers;

  assign dipped_o = valid_i && master_found_i;
  assign to_slave = dipped_o && cascade_i[master_level_i];
  assign slave_answers = to_slave && slave_i.icw3[2:0] == master_level_i;
  assign master_acked_o = dipped_o && !to_slave
      && master_level_i != 3'(pic_pkg::Cascade);
  assign no_slave_o = to_slave && !slave_answers;
  assign slave_acked_o = slave_answers && slave_found_i;

  pic_pkg::state_t master_acked;
  pic_acknowledge u_master (
    .state_i(master_i), .valid_i, .found_i(master_found_i), .level_i(master_level_i),
    .state_o(master_acked)
  );
  pic_acknowledge u_slave (
    .state_i(slave_i), .valid_i(slave_answers), .found_i(slave_found_i),
    .level_i(slave_level_i), .state_o(slave_acked)
  );

  always_comb begin
    master_o = master_acked;
    slave_o = slave_acked;
    if (slave_answers) begin
      // its INT drops: what still stands is a new rise at the master
      master_o.line[pic_pkg::Cascade] = 1'b0;
    end

    vector_o = 8'd0;
    if (valid_i) begin
      vector_o = {master_i.base[7:3], master_found_i ? master_level_i : 3'd7};
      if (to_slave) begin
        vector_o = pic_pkg::Floating;
        if (slave_answers) vector_o = {slave_i.base[7:3], slave_found_i ? slave_level_i : 3'd7};
      end
    end
  end
endmodule

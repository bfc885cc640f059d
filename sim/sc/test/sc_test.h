// The entry of a SystemC test program.  SystemC builds one design a process,
// so each *_test.cc is a program and includes this once: a test suite runs its
// design in SetUpTestSuite(), and its tests look at what was recorded.
// A warning of SystemC fails the program.
#ifndef SIM_SC_TEST_SC_TEST_H
#define SIM_SC_TEST_SC_TEST_H

#include <gtest/gtest.h>
#include <systemc>

int sc_main(int argc, char **argv)
{
    ::testing::InitGoogleTest(&argc, argv);
    int failed = RUN_ALL_TESTS();
    int warnings = sc_core::sc_report_handler::get_count(sc_core::SC_WARNING);

    if (warnings)
        std::cerr << "SystemC warned " << warnings << " times\n";
    return failed || warnings;
}

#endif

// The program. What it can do is in the table of verbs:
// experiments/registry.cpp.

#include "experiments/program.h"

int main(int argc, char** argv) { return vramlab::run_program(argc, argv, VRAMLAB_VERSION); }

// The program. Everything it does is in the verbs; see experiments/registry.cpp.

#include <cstdio>

int main() {
  std::puts("vramlab " VRAMLAB_VERSION);
  return 0;
}

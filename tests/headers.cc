// The precompiled headers of the tests belong to a program, as how they are compiled depends on it
// (CMakeLists.txt). This one does nothing.
int main() { return 0; }

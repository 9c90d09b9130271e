/* library_small.c: the smallest vendor's library, for test_library.c: one function, a name as a
 * double, and, with NEEDS_MORE, another library that it needs. */
extern const char railgauge_double_name[];
const char railgauge_double_name[] = "small";

int small_answer(void);

#ifdef NEEDS_MORE
int small_more(void);
int small_more(void) {
    return small_answer();
}
#else
int small_answer(void) {
    return 42;
}
#endif

/* For clang-tidy alone: Lua's headers do not say that these never return, and its analyzer would go on behind them. */
struct lua_State;
extern int lua_error(struct lua_State *L) __attribute__((noreturn));
extern int luaL_error(struct lua_State *L, const char *format, ...) __attribute__((noreturn));
extern int luaL_argerror(struct lua_State *L, int argument, const char *message) __attribute__((noreturn));

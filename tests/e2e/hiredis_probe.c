/* Uses hiredis against a server: single commands, pipelines, binary arguments, errors, large
 * values, transactions and messages. Compiled and run by resp_libraries_test.py as `hiredis_probe
 * HOST PORT`; says which expectation failed and ends with 1, else with 0. The server's data is
 * lost. SPDX-License-Identifier: Apache-2.0
 */
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPECT(condition)                                                                     \
    do {                                                                                      \
        if (!(condition)) {                                                                   \
            fprintf(stderr, "line %d: expected %s; hiredis says: %s\n", __LINE__, #condition, \
                    context->errstr[0] ? context->errstr : "nothing");                        \
            exit(1);                                                                          \
        }                                                                                     \
    } while (0)

static redisContext* context;

/* A reply of that type, which the caller frees. */
static redisReply* expect_type(void* answer, int type) {
    redisReply* reply = answer;
    EXPECT(reply != NULL);
    if (reply->type == REDIS_REPLY_ERROR && type != REDIS_REPLY_ERROR)
        fprintf(stderr, "error reply: %s\n", reply->str);
    EXPECT(reply->type == type);
    return reply;
}

static void expect_status(void* answer, const char* text) {
    redisReply* reply = expect_type(answer, REDIS_REPLY_STATUS);
    EXPECT(strcmp(reply->str, text) == 0);
    freeReplyObject(reply);
}

static void expect_string(void* answer, const char* bytes, size_t size) {
    redisReply* reply = expect_type(answer, REDIS_REPLY_STRING);
    EXPECT(reply->len == size && memcmp(reply->str, bytes, size) == 0);
    freeReplyObject(reply);
}

static void expect_integer(void* answer, long long value) {
    redisReply* reply = expect_type(answer, REDIS_REPLY_INTEGER);
    EXPECT(reply->integer == value);
    freeReplyObject(reply);
}

static void* next_reply(void) {
    void* reply = NULL;
    EXPECT(redisGetReply(context, &reply) == REDIS_OK);
    return reply;
}

static void single_commands(void) {
    expect_status(redisCommand(context, "FLUSHALL"), "OK");
    expect_status(redisCommand(context, "PING"), "PONG");
    expect_status(redisCommand(context, "SET %s %s", "key", "two words"), "OK");
    expect_string(redisCommand(context, "GET key"), "two words", 9);
    freeReplyObject(expect_type(redisCommand(context, "GET missing"), REDIS_REPLY_NIL));
    expect_integer(redisCommand(context, "INCRBY n %d", 41), 41);
    expect_integer(redisCommand(context, "DEL key n missing"), 2);
    redisReply* reply = expect_type(redisCommand(context, "NONSENSE"), REDIS_REPLY_ERROR);
    EXPECT(strncmp(reply->str, "ERR unknown command", 19) == 0);
    freeReplyObject(reply);
}

static void binary_and_large(void) {
    const char key[] = "k\0\r\n\xff";
    const char value[] = "\0\0\r\n$3\r\n";
    expect_status(redisCommand(context, "SET %b %b", key, sizeof key, value, sizeof value), "OK");
    expect_string(redisCommand(context, "GET %b", key, sizeof key), value, sizeof value);
    expect_status(redisCommand(context, "SET empty %b", "", (size_t)0), "OK");
    expect_string(redisCommand(context, "GET empty"), "", 0);
    const size_t size = (size_t)4 << 20;
    char* large = malloc(size);
    EXPECT(large != NULL);
    for (size_t i = 0; i < size; ++i) large[i] = (char)(i * 31);
    const char* words[] = {"SET", "large", large};
    const size_t sizes[] = {3, 5, size};
    expect_status(redisCommandArgv(context, 3, words, sizes), "OK");
    expect_string(redisCommand(context, "GET large"), large, size);
    free(large);
}

static void pipelines(void) {
    enum { kCount = 10000 };
    for (int i = 0; i < kCount; ++i) {
        EXPECT(redisAppendCommand(context, "SET pipe:%d %d", i, i) == REDIS_OK);
        EXPECT(redisAppendCommand(context, "GET pipe:%d", i) == REDIS_OK);
    }
    for (int i = 0; i < kCount; ++i) {
        char text[16];
        const int size = snprintf(text, sizeof text, "%d", i);
        expect_status(next_reply(), "OK");
        expect_string(next_reply(), text, (size_t)size);
    }
    /* An error in the middle does not disturb the others. */
    redisAppendCommand(context, "INCR pipe:1");
    redisAppendCommand(context, "INCR large");
    redisAppendCommand(context, "INCR pipe:1");
    expect_integer(next_reply(), 2);
    freeReplyObject(expect_type(next_reply(), REDIS_REPLY_ERROR));
    expect_integer(next_reply(), 3);
}

static void arrays_and_transactions(void) {
    expect_status(redisCommand(context, "MSET a 1 b 2"), "OK");
    redisReply* reply = expect_type(redisCommand(context, "MGET a missing b"), REDIS_REPLY_ARRAY);
    EXPECT(reply->elements == 3 && reply->element[1]->type == REDIS_REPLY_NIL);
    EXPECT(strcmp(reply->element[2]->str, "2") == 0);
    freeReplyObject(reply);
    redisAppendCommand(context, "MULTI");
    redisAppendCommand(context, "INCR a");
    redisAppendCommand(context, "MGET a b");
    redisAppendCommand(context, "EXEC");
    expect_status(next_reply(), "OK");
    expect_status(next_reply(), "QUEUED");
    expect_status(next_reply(), "QUEUED");
    reply = expect_type(next_reply(), REDIS_REPLY_ARRAY);
    EXPECT(reply->elements == 2 && reply->element[0]->integer == 2);
    EXPECT(reply->element[1]->elements == 2);
    freeReplyObject(reply);
}

static void messages(const char* host, int port) {
    redisContext* publisher = redisConnect(host, port);
    EXPECT(publisher != NULL && publisher->err == 0);
    freeReplyObject(expect_type(redisCommand(context, "SUBSCRIBE news"), REDIS_REPLY_ARRAY));
    redisReply* reply = redisCommand(publisher, "PUBLISH news hello");
    EXPECT(reply != NULL && reply->integer == 1);
    freeReplyObject(reply);
    reply = expect_type(next_reply(), REDIS_REPLY_ARRAY);
    EXPECT(reply->elements == 3 && strcmp(reply->element[0]->str, "message") == 0);
    EXPECT(strcmp(reply->element[2]->str, "hello") == 0);
    freeReplyObject(reply);
    redisFree(publisher);
}

int main(int argc, char** argv) {
    if (argc != 3) {
        fprintf(stderr, "usage: hiredis_probe HOST PORT\n");
        return 2;
    }
    const struct timeval patience = {120, 0};
    const int port = atoi(argv[2]);
    context = redisConnectWithTimeout(argv[1], port, patience);
    if (context == NULL || context->err != 0) {
        fprintf(stderr, "cannot connect: %s\n", context ? context->errstr : "no memory");
        return 1;
    }
    redisSetTimeout(context, patience);
    single_commands();
    binary_and_large();
    pipelines();
    arrays_and_transactions();
    messages(argv[1], port);
    redisFree(context);
    return 0;
}

"""A server of gRPC for the tests: `python tests/e2e/grpc_server.py PORT`."""

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc


def say(request: bytes, context: Any) -> bytes:
    return request


def fail(request: bytes, context: Any) -> bytes:
    context.abort(grpc.StatusCode.INVALID_ARGUMENT, "no")
    return b""


def watch(request: bytes, context: Any) -> Iterator[bytes]:
    yield from (request, request, request)


def serve(port: int) -> None:
    server = grpc.server(ThreadPoolExecutor(4))
    methods = {
        "Hello": grpc.unary_unary_rpc_method_handler(say),
        "Say": grpc.unary_unary_rpc_method_handler(say),
        "Fail": grpc.unary_unary_rpc_method_handler(fail),
        "Watch": grpc.unary_stream_rpc_method_handler(watch),
    }
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("shop.v1.Greeter", methods)])
    server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    server.wait_for_termination()


if __name__ == "__main__":
    serve(int(sys.argv[1]))

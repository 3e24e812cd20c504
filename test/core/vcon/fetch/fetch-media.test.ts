import { createHash } from "node:crypto";
import { getEventListeners } from "node:events";
import http from "node:http";
import type { Socket } from "node:net";
import { buffer } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it, onTestFinished } from "vitest";
import { contentHash, fetchMedia, type MediaOptions, VconError } from "../../../../core/index.ts";
import { failure, fetched, own, secret, selfSigned, serveHttp, serveHttps, serveTcp } from "./servers.ts";

const audio = Buffer.from("ID3 some seconds of speech");

/** Gives the audio, as this type, wherever it is asked for. */
const audioAs =
  (type?: string): http.RequestListener =>
  (_, response) => {
    response.writeHead(200, type === undefined ? {} : { "content-type": type }).end(audio);
  };

const answering =
  (
    status: number,
    headers: http.OutgoingHttpHeaders = {},
    body: string | Buffer = "",
  ): http.RequestListener =>
  (_, response) => {
    response.writeHead(status, headers).end(body);
  };

const redirecting = (location: string, status = 302) => answering(status, { location });

/** Sends a piece each few milliseconds, without an end. */
const endless =
  (piece: Buffer, headers: http.OutgoingHttpHeaders = {}): http.RequestListener =>
  (_, response) => {
    response.writeHead(200, headers);
    const timer = setInterval(() => response.write(piece), 5);
    response.on("close", () => clearInterval(timer));
  };

describe("media at a URL", () => {
  it("comes with its type, its size and its bytes", async () => {
    const url = await serveHttp(answering(200, { "content-type": "audio/ogg", "content-length": 26 }, audio));
    const { mediatype, size, stream } = await fetchMedia(url + secret, own);
    expect([mediatype, size]).toEqual(["audio/ogg", 26]);
    expect(await buffer(stream)).toEqual(audio);
  });

  it("comes without a size where the server declares none", async () => {
    const url = await serveHttp((_, response) => {
      response.write(audio);
      response.end(audio);
    });
    const media = await fetchMedia(url, own);
    expect(media).not.toHaveProperty("size");
    expect(await buffer(media.stream)).toEqual(Buffer.concat([audio, audio]));
  });

  it("comes over https, whose certificate must be trusted", async () => {
    const url = await serveHttps(audioAs());
    const options = { allowPrivate: true, ca: selfSigned };
    expect(await fetched(url + secret, options)).toEqual(audio);
    expect(await failure(url + secret, { allowPrivate: true })).toMatchObject({
      code: "MEDIA_UNAVAILABLE",
      transient: false,
      message: expect.stringContaining("certificate"),
    });
    const byAddress = url.replace("localhost", "127.0.0.1");
    expect(await failure(byAddress, options)).toMatchObject({ code: "MEDIA_UNAVAILABLE", transient: false });
  });

  it("of an untrusted certificate does not come because the environment trusts everybody", async () => {
    process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = "0";
    onTestFinished(() => {
      delete process.env["NODE_TLS_REJECT_UNAUTHORIZED"];
    });
    const url = await serveHttps(audioAs());
    expect((await failure(url, { allowPrivate: true })).code).toBe("MEDIA_UNAVAILABLE");
  });

  it("comes from an IPv6 address", async () => {
    const url = await serveHttp(audioAs(), "::1");
    expect(url).toMatch(/^http:\/\/\[::1\]:/);
    expect(await fetched(url, own)).toEqual(audio);
    expect((await failure(url, { allowHttp: true })).code).toBe("MEDIA_REFUSED");
  });

  it("is asked for without cookies, credentials or compression, also after a redirect", async () => {
    const asked: http.IncomingHttpHeaders[] = [];
    const url = await serveHttp((request, response) => {
      asked.push(request.headers);
      if (request.url === "/media") response.end(audio);
      else response.writeHead(302, { location: "/media", "set-cookie": "a=b" }).end();
    });
    expect(await fetched(url + secret, own)).toEqual(audio);
    const headers = {
      accept: "*/*",
      "accept-encoding": "identity",
      connection: "close",
      "user-agent": "vcon",
    };
    const { host } = new URL(url);
    expect(asked).toEqual([
      { host, ...headers },
      { host, ...headers },
    ]);
  });

  it("does not come through the agent of the process, which may be a proxy's", async () => {
    const usual = http.globalAgent;
    onTestFinished(() => {
      http.globalAgent = usual;
    });
    http.globalAgent = new (class extends http.Agent {
      override createConnection(): never {
        throw new Error("connected to the proxy");
      }
    })();
    expect(await fetched(await serveHttp(audioAs()), own)).toEqual(audio);
  });
});

describe("a URL", () => {
  it.each([
    ["of http", `http://recordings.example.com${secret}`],
    ["of a file", `file:///etc/${secret}`],
    ["of data", `data:audio/ogg,${secret}`],
    ["of ftp", `ftp://recordings.example.com${secret}`],
    ["without a scheme", `//recordings.example.com${secret}`],
    ["that is none", "secret"],
    ["that is empty", ""],
    ["with a password", `https://secret:secret@recordings.example.com${secret}`],
    ["with a user name", `https://secret@recordings.example.com${secret}`],
    ["to the port of another protocol", `https://recordings.example.com:25${secret}`],
    ["to no port", `https://recordings.example.com:0${secret}`],
    ["with a name that is too long", `https://${"a".repeat(254)}${secret}`],
  ])("%s is refused before its host is looked up", async (_, url) => {
    const asked: string[] = [];
    const lookup = async (name: string) => {
      asked.push(name);
      return [{ address: "127.0.0.1" }];
    };
    const error = await failure(url, { lookup });
    expect(error).toMatchObject({ code: "MEDIA_REFUSED", transient: false });
    expect(asked).toEqual([]);
    expect(error.message.length).toBeLessThan(300);
  });

  it.each([
    "127.0.0.1",
    "127.1",
    "0x7f.1",
    "0177.0.0.1",
    "2130706433",
    "0x7f000001",
    "017700000001",
    "127.0.0.1.",
    "127。0。0。1",
    "①②⑦.0.0.1",
    "%31%32%37.0.0.1",
    "0",
    "10.0.0.1",
    "169.254.169.254",
    "2852039166",
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[::ffff:a9fe:a9fe]",
    "[64:ff9b::127.0.0.1]",
    "[2002:7f00:1::]",
    "[fe80::1]",
    "[fd00::1]",
  ])("that writes an address that is not public as %s is refused", async (host) => {
    const error = await failure(`https://${host}${secret}`);
    expect(error).toMatchObject({ code: "MEDIA_REFUSED", transient: false });
    expect(error.message).toContain("public internet");
  });

  it.each<[string, string[]]>([
    ["this machine", ["127.0.0.1"]],
    ["a private network", ["10.1.2.3", "fd00::1"]],
    ["the cloud's own service", ["169.254.169.254"]],
    ["a mapped address", ["::ffff:10.0.0.1"]],
    ["no address", []],
    ["what is no address", ["localhost", ""]],
  ])("whose name leads to %s is refused", async (_, addresses) => {
    const lookup = async () => addresses.map((address) => ({ address }));
    const error = await failure(`https://recordings.example.com${secret}`, { lookup });
    expect(error).toMatchObject({ code: "MEDIA_REFUSED", transient: false });
    expect(error.message).toContain("recordings.example.com");
  });

  it("of this machine's own name is refused", async () => {
    const url = await serveHttp(audioAs());
    const named = url.replace("127.0.0.1", "localhost");
    expect((await failure(named, { allowHttp: true })).code).toBe("MEDIA_REFUSED");
    expect(await fetched(named, own)).toEqual(audio);
  });

  it("has its name looked up once, and what was checked is what is connected to", async () => {
    const { port } = new URL(await serveHttp(audioAs()));
    const answers = [["169.254.169.254", "127.0.0.1"], ["169.254.169.254"]];
    const lookup = async () => answers.shift()!.map((address) => ({ address }));
    const url = `http://recordings.example.com:${port}${secret}`;
    expect(await fetched(url, { ...own, lookup })).toEqual(audio);
    expect(answers).toHaveLength(1);
    expect((await failure(url, { ...own, lookup })).code).toBe("MEDIA_REFUSED");
  });

  it("of a name that nobody knows may be known later", async () => {
    const lookup = async () => {
      throw Object.assign(new Error("getaddrinfo ENOTFOUND secret"), { code: "ENOTFOUND" });
    };
    const error = await failure(`https://recordings.example.com${secret}`, { lookup });
    expect(error).toMatchObject({ code: "MEDIA_UNAVAILABLE", transient: true });
  });

  it("of any kind at all gives media or a VconError", async () => {
    const lookup = async () => [];
    const urls = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.webUrl({ withFragments: true, withQueryParameters: true, validSchemes: ["http", "https"] }),
      fc.ipV4Extended().map((host) => `https://${host}:1/`),
      fc
        .tuple(fc.constantFrom("https://", "https:", "https://[", "HTTPS:\\\\"), fc.string())
        .map((parts) => parts.join("")),
      fc.anything(),
    );
    await fc.assert(
      fc.asyncProperty(urls, fc.anything(), async (url, hash) => {
        const options = { lookup, timeLimits: { connect: 0.001 }, contentHash: hash } as MediaOptions;
        await expect(fetchMedia(url as string, options)).rejects.toBeInstanceOf(VconError);
      }),
      { numRuns: 300 },
    );
  });
});

describe("a redirect", () => {
  it.each([301, 302, 303, 307, 308])("by %i is followed", async (status) => {
    const url = await serveHttp((request, response) =>
      (request.url === "/media" ? audioAs() : redirecting("media", status))(request, response as never),
    );
    expect(await fetched(`${url}/old`, own)).toEqual(audio);
  });

  it.each([
    ["the cloud's own service", "http://169.254.169.254/secret"],
    ["an address in another writing", "http://0xa9.0xfe.0xa9.0xfe/secret"],
    ["a mapped address", "http://[::ffff:127.0.0.1]/secret"],
    ["a file", "file:///etc/secret"],
    ["data", "data:audio/ogg,secret"],
    ["a URL with a password", "http://secret:secret@127.0.0.1/secret"],
    ["the port of another protocol", "http://127.0.0.1:25/secret"],
    ["nothing that can be read", "http://[secret"],
  ])("to %s is refused", async (_, location) => {
    const url = await serveHttp(redirecting(location));
    expect(await failure(url, own)).toMatchObject({ code: "MEDIA_REFUSED", transient: false });
  });

  it("to a name has its addresses checked", async () => {
    const url = await serveHttp(redirecting("http://metadata.example.com/secret"));
    const lookup = async () => [{ address: "169.254.169.254" }];
    expect((await failure(url, { ...own, lookup })).code).toBe("MEDIA_REFUSED");
  });

  it("from https to http is refused unless http is allowed", async () => {
    const url = await serveHttps(redirecting(await serveHttp(audioAs())));
    const options = { allowPrivate: true, ca: selfSigned };
    expect(await failure(url + secret, options)).toMatchObject({
      code: "MEDIA_REFUSED",
      message: expect.stringContaining("http"),
    });
    expect(await fetched(url + secret, { ...options, allowHttp: true })).toEqual(audio);
  });

  it("is followed five times and no more", async () => {
    const url = await serveHttp((request, response) => {
      const left = Number(request.url!.slice(1));
      if (left === 0) response.end(audio);
      else response.writeHead(302, { location: `/${left - 1}` }).end();
    });
    expect(await fetched(`${url}/5`, own)).toEqual(audio);
    expect(await failure(`${url}/6`, own)).toMatchObject({ code: "MEDIA_UNAVAILABLE", transient: false });
  });

  it("whose own body has no end is left at once", async () => {
    const gone = Promise.withResolvers<void>();
    const url = await serveHttp((request, response) => {
      if (request.url === "/media") return response.end(audio);
      response.writeHead(302, { location: "/media" });
      const timer = setInterval(() => response.write(audio), 5);
      response.on("close", () => {
        clearInterval(timer);
        gone.resolve();
      });
    });
    expect(await fetched(url, own)).toEqual(audio);
    await gone.promise;
  });

  it("without a place to go to is no media", async () => {
    const url = await serveHttp(answering(302));
    expect(await failure(url + secret, own)).toMatchObject({ code: "MEDIA_UNAVAILABLE", transient: false });
  });
});

describe("an answer", () => {
  it.each([
    [404, false],
    [403, false],
    [410, false],
    [204, false],
    [206, false],
    [304, false],
    [408, true],
    [429, true],
    [500, true],
    [503, true],
  ])("of status %i is no media, and transient: %s", async (status, transient) => {
    const url = await serveHttp(answering(status));
    const error = await failure(url + secret, own);
    expect(error).toMatchObject({ code: "MEDIA_UNAVAILABLE", transient, retryAfter: undefined });
    expect(error.message).toContain(String(status));
  });

  it("says how long to wait", async () => {
    const url = await serveHttp(answering(503, { "retry-after": "7" }));
    expect((await failure(url, own)).retryAfter).toBe(7000);
  });

  it.each([
    ["the same", "audio/ogg", "audio/ogg", "audio/ogg"],
    ["written otherwise", "Audio/OGG; codecs=opus", "audio/ogg", "audio/ogg"],
    ["another name of WAV", "audio/x-wav", "audio/vnd.wave", "audio/x-wav"],
    ["another name of MP3", "audio/x-mp3", "audio/mpeg", "audio/x-mp3"],
    ["another name of MP4", "audio/mp4", "audio/x-m4a", "audio/mp4"],
    ["another name of video", "video/x-mp4", "video/mp4", "video/x-mp4"],
    ["unknown to the server", "audio/x-wav", "application/octet-stream", "audio/x-wav"],
    ["unknown to the server's storage", "audio/x-wav", "binary/octet-stream", "audio/x-wav"],
    ["told by the vCon alone", "audio/x-wav", undefined, "audio/x-wav"],
    ["told by the server alone", undefined, "audio/mpeg; rate=8000", "audio/mpeg"],
    ["told by the vCon in vain", "application/octet-stream", "audio/mpeg", "audio/mpeg"],
    ["told by nobody", undefined, undefined, "application/octet-stream"],
  ])("whose media type is %s is taken", async (_, expected, given, mediatype) => {
    const url = await serveHttp(audioAs(given));
    const media = await fetchMedia(url, { ...own, ...(expected !== undefined && { mediatype: expected }) });
    expect(media.mediatype).toBe(mediatype);
    await media.stream[Symbol.asyncIterator]().return?.();
  });

  it.each([
    ["audio/x-wav", "text/html"],
    ["audio/x-wav", "audio/mpeg"],
    ["audio/ogg", "video/ogg"],
    ["text/plain", "application/json"],
  ])("that should be %s and is %s is refused", async (mediatype, given) => {
    const url = await serveHttp(audioAs(given));
    expect(await failure(url + secret, { ...own, mediatype })).toMatchObject({ code: "MEDIA_REFUSED" });
  });

  it.each(["gzip", "br", "deflate", "zstd", "GZIP, identity"])(
    "packed by %s is refused",
    async (encoding) => {
      const bomb = gzipSync(Buffer.alloc(1_000_000));
      const url = await serveHttp(answering(200, { "content-encoding": encoding }, bomb));
      expect(await failure(url + secret, own)).toMatchObject({ code: "MEDIA_REFUSED", transient: false });
    },
  );

  it("packed by nothing is taken", async () => {
    const url = await serveHttp(answering(200, { "content-encoding": "Identity" }, audio));
    expect(await fetched(url, own)).toEqual(audio);
  });

  it("that is too large by what it declares is refused before any of it is read", async () => {
    const url = await serveHttp(endless(audio, { "content-length": 27 }));
    await expect(fetchMedia(url + secret, { ...own, maxBytes: 26 })).rejects.toMatchObject({
      code: "MEDIA_REFUSED",
      transient: false,
    });
  });

  it("may be as large as the limit, and not by a byte larger", async () => {
    const url = await serveHttp((_, response) => {
      response.write(audio);
      response.end();
    });
    expect(await fetched(url, { ...own, maxBytes: 26 })).toEqual(audio);
    expect((await failure(url + secret, { ...own, maxBytes: 25 })).code).toBe("MEDIA_REFUSED");
  });

  it("without an end is cut off at the limit, and its server let go", async () => {
    const gone = Promise.withResolvers<void>();
    const url = await serveHttp((request, response) => {
      endless(audio)(request, response as never);
      response.on("close", gone.resolve);
    });
    const { stream } = await fetchMedia(url, { ...own, maxBytes: 100 });
    let size = 0;
    const reading = (async () => {
      for await (const piece of stream) size += piece.length;
    })();
    await expect(reading).rejects.toMatchObject({ code: "MEDIA_REFUSED" });
    expect(size).toBeLessThanOrEqual(100);
    await gone.promise;
  });

  it.each<[string, string]>([
    ["shorter than it declares", `HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n${audio}`],
    ["cut off between its pieces", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nID3 \r\n"],
    ["cut off before it begins", "HTTP/1.1 200 OK\r\ncontent-le"],
    ["cut off before anything", ""],
  ])("that is %s may be whole later", async (_, text) => {
    const address = await serveTcp((socket) => socket.once("data", () => socket.end(text)));
    const error = await failure(`http://${address}${secret}`, own);
    expect(error).toMatchObject({ code: "MEDIA_UNAVAILABLE", transient: true });
  });

  it("that is reset may be whole later", async () => {
    const address = await serveTcp((socket) =>
      socket.once("data", () => {
        socket.write(`HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n${audio}`, () =>
          socket.resetAndDestroy(),
        );
      }),
    );
    const error = await failure(`http://${address}${secret}`, own);
    expect(error).toMatchObject({ code: "MEDIA_UNAVAILABLE", transient: true });
  });

  it("that is longer than it declares ends where it should", async () => {
    const text = `HTTP/1.1 200 OK\r\ncontent-length: ${audio.length}\r\n\r\n${audio}secret secret`;
    const address = await serveTcp((socket) => socket.once("data", () => socket.end(text)));
    const url = `http://${address}${secret}`;
    const options = { ...own, contentHash: contentHash(audio) };
    const result = await fetched(url, options).catch((error: unknown) => error);
    if (result instanceof Buffer) expect(result).toEqual(audio);
    else expect(result).toMatchObject({ name: "VconError", code: "MEDIA_UNAVAILABLE" });
  });

  it.each([
    ["of no protocol", "secret secret\r\n\r\n"],
    ["with two lengths", "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n12"],
    ["with a length that is none", "HTTP/1.1 200 OK\r\ncontent-length: secret\r\n\r\n12"],
    ["with a length beyond all numbers", `HTTP/1.1 200 OK\r\ncontent-length: ${"9".repeat(40)}\r\n\r\n12`],
    ["with headers without an end", `HTTP/1.1 200 OK\r\nsecret: ${"secret".repeat(10_000)}\r\n\r\n12`],
    [
      "that changes the protocol",
      "HTTP/1.1 101 Switching Protocols\r\nupgrade: secret\r\nconnection: upgrade\r\n\r\n",
    ],
  ])("%s is a VconError", async (_, text) => {
    const address = await serveTcp((socket) => socket.once("data", () => socket.end(text)));
    expect((await failure(`http://${address}${secret}`, own)).code).toBe("MEDIA_UNAVAILABLE");
  });

  it("of a server that speaks http where https is asked for is a lasting error", async () => {
    const url = (await serveHttp(audioAs())).replace("http:", "https:");
    const error = await failure(url + secret, { allowPrivate: true });
    expect(error).toMatchObject({ code: "MEDIA_UNAVAILABLE", transient: false });
  });

  it("of nobody may come later", async () => {
    const address = await serveTcp((socket) => socket.destroy());
    expect(await failure(`http://${address}${secret}`, own)).toMatchObject({ transient: true });
    const unused = await serveTcp(() => {});
    const { port } = new URL(`http://${unused}`);
    const closed = await failure(`http://[::1]:${port}${secret}`, own);
    expect(closed).toMatchObject({ code: "MEDIA_UNAVAILABLE", transient: true });
    expect(closed.message).toContain("ECONNREFUSED");
  });
});

describe("a content hash", () => {
  const hashOf = (algorithm: string) =>
    `${algorithm}-${createHash(algorithm).update(audio).digest("base64url")}`;

  it.each<[string, string | string[]]>([
    ["one", hashOf("sha512")],
    ["one of several", [hashOf("sha512"), "sha3-AAAA"]],
    ["one of another algorithm", hashOf("sha256")],
  ])("that fits is %s", async (_, hash) => {
    const url = await serveHttp(audioAs());
    expect(await fetched(url, { ...own, contentHash: hash })).toEqual(audio);
  });

  it("that does not fit is an error behind the last byte", async () => {
    const url = await serveHttp(audioAs());
    const { stream } = await fetchMedia(url, { ...own, contentHash: contentHash(Buffer.from("other")) });
    const pieces: Uint8Array[] = [];
    const reading = (async () => {
      for await (const piece of stream) pieces.push(piece);
    })();
    await expect(reading).rejects.toMatchObject({ code: "MEDIA_CHANGED", transient: false });
    expect(Buffer.concat(pieces)).toEqual(audio);
  });

  it("that can't be checked refuses the media, and lets its server go", async () => {
    const gone = Promise.withResolvers<void>();
    const url = await serveHttp((request, response) => {
      endless(audio)(request, response as never);
      response.on("close", gone.resolve);
    });
    expect((await failure(url + secret, { ...own, contentHash: "md5-AAAA" })).code).toBe("MEDIA_REFUSED");
    await gone.promise;
  });
});

describe("a fetch ends", () => {
  it("where no connection comes about in time", async () => {
    const silent = await serveTcp(() => {});
    const options = { allowPrivate: true, timeLimits: { connect: 0.1 } };
    // It takes the connection, and then does not speak TLS.
    const error = await failure(`https://${silent}${secret}`, options);
    expect(error).toMatchObject({ code: "MEDIA_UNAVAILABLE", transient: true });
    expect(error.message).toContain("no connection within 0.1 s");
  });

  it("where the name is not found in time", async () => {
    const lookup = () => new Promise<never>(() => {});
    const options = { lookup, timeLimits: { connect: 0.1 } };
    const error = await failure(`https://recordings.example.com${secret}`, options);
    expect(error.message).toContain("no connection within 0.1 s");
  });

  it("where no answer begins in time, and lets the server go", async () => {
    const gone = Promise.withResolvers<void>();
    const silent = await serveTcp((socket) => socket.resume().on("close", () => gone.resolve()));
    const error = await failure(`http://${silent}${secret}`, { ...own, timeLimits: { answer: 0.1 } });
    expect(error).toMatchObject({ code: "MEDIA_UNAVAILABLE", transient: true });
    expect(error.message).toContain("no answer within 0.1 s");
    await gone.promise;
  });

  it("where an answer begins without an end", async () => {
    const drip = await serveTcp((socket) => dripping(socket, "HTTP/1.1 200 OK\r\n", "a: b\r\n"));
    const error = await failure(`http://${drip}${secret}`, { ...own, timeLimits: { answer: 0.2 } });
    expect(error.code).toBe("MEDIA_UNAVAILABLE");
  });

  it("where the body drips past the time limit for the whole", async () => {
    const url = await serveHttp(endless(Buffer.from("1")));
    const error = await failure(url + secret, { ...own, timeLimits: { whole: 0.2 } });
    expect(error).toMatchObject({ code: "MEDIA_UNAVAILABLE", transient: false });
    expect(error.message).toContain("time limit of 0.2 s");
  });

  it("where nobody reads it, and harms nobody by that", async () => {
    const gone = Promise.withResolvers<void>();
    const url = await serveHttp((request, response) => {
      endless(Buffer.alloc(100_000))(request, response as never);
      response.on("close", gone.resolve);
    });
    const { stream } = await fetchMedia(url, { ...own, timeLimits: { whole: 0.2 } });
    await gone.promise;
    await expect(buffer(stream)).rejects.toMatchObject({ code: "MEDIA_UNAVAILABLE" });
  });

  it("where its reader has enough", async () => {
    const gone = Promise.withResolvers<void>();
    const url = await serveHttp((request, response) => {
      endless(audio)(request, response as never);
      response.on("close", gone.resolve);
    });
    for await (const _ of (await fetchMedia(url, own)).stream) break;
    await gone.promise;
  });

  it("where it is stopped, before it begins, while it waits and while it reads", async () => {
    const stopped = {
      code: "MEDIA_UNAVAILABLE",
      transient: false,
      message: expect.stringContaining("stopped"),
    };
    expect(
      await failure(`https://example.com${secret}`, { signal: AbortSignal.abort("secret") }),
    ).toMatchObject(stopped);

    const waiting = new AbortController();
    const silent = await serveTcp((socket) => socket.once("data", () => waiting.abort("secret")));
    const { signal } = waiting;
    expect(await failure(`http://${silent}${secret}`, { ...own, signal })).toMatchObject(stopped);

    const reading = new AbortController();
    const url = await serveHttp(endless(audio));
    const { stream } = await fetchMedia(url, { ...own, signal: reading.signal });
    const pieces = stream[Symbol.asyncIterator]();
    await pieces.next();
    reading.abort();
    const rest = (async () => {
      while (!(await pieces.next()).done);
    })();
    await expect(rest).rejects.toMatchObject(stopped);
  });

  it("without a trace on the signal that could have stopped it", async () => {
    const { signal } = new AbortController();
    const url = await serveHttp(audioAs());
    await fetched(url, { ...own, signal });
    await failure("http://127.0.0.1:1", { ...own, signal });
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });
});

function dripping(socket: Socket, first: string, more: string): void {
  socket.write(first);
  const timer = setInterval(() => socket.write(more), 5);
  socket.on("close", () => clearInterval(timer));
}

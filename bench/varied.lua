-- ActiveSync's requests, of which no two are the same: for wrk -s.
local count = 0

request = function()
    count = count + 1
    return wrk.format("GET", wrk.path .. "?Cmd=Sync&User=anna&DeviceId=ABCDEF0123456789&DeviceType=iPhone&n=" .. count, {
        ["Host"] = "mail.bench.example",
        ["Accept"] = "*/*",
        ["Accept-Encoding"] = "gzip, deflate, br",
        ["Accept-Language"] = "de-DE,de;q=0.9",
        ["Authorization"] = "Basic YW5uYTpub3QgYSBwYXNzd29yZA==",
        ["Connection"] = "keep-alive",
        ["Cookie"] = "X-BackEndCookie=S-1-5-21=u56Lnp2ejJqBypqcnsfJx5nSy8ucnNLLnJzP0sfKz8/Sy5nPnsiaysqfnczIgYHOztDN",
        ["MS-ASProtocolVersion"] = "16.1",
        ["User-Agent"] = "Apple-iPhone14C5/2001.100",
        ["X-MS-PolicyKey"] = "1307199584",
        ["client-request-id"] = string.format("%032x", count),
    })
end

# Two stages: the toolchain stays behind, the image holds one static binary.
FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download
COPY . .
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    CGO_ENABLED=0 go build -trimpath -ldflags "-s -w" -o /out/matcher ./cmd/matcher && mkdir -p /out/lib/data

# distroless/static: certificates, time zones and an unprivileged user, no shell.
# There is no PostgreSQL in it, so the container always needs POSTGRES_*.
FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /out/matcher /usr/local/bin/matcher
COPY --from=build --chown=nonroot:nonroot /out/lib /var/lib/matcher
COPY LICENSE /usr/share/doc/matcher/LICENSE
ENV MATCHER_ENV=production MATCHER_PUBLIC_DOCS=false
USER nonroot:nonroot
WORKDIR /var/lib/matcher
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s CMD ["matcher", "health"]
ENTRYPOINT ["matcher"]
CMD ["serve"]

# syntax=docker/dockerfile:1
# docker build --build-arg VERSION="$(git describe --tags --always)" -t odoosync .
FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=development
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=${VERSION}" -o /out/odoosync ./cmd/odoosync
# Nothing but the program is in the image; what it needs of a system comes along:
# authorities for https, time zones for schedule.full, a folder it may write to.
RUN cp /etc/ssl/certs/ca-certificates.crt "$(go env GOROOT)/lib/time/zoneinfo.zip" /out/ && mkdir /out/state

FROM scratch
COPY --from=build /out/odoosync /odoosync
COPY --from=build /out/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /out/zoneinfo.zip /zoneinfo.zip
# Keys that are made at the first start are kept in ./var: mount a volume here.
COPY --from=build --chown=65532:65532 /out/state /var/lib/odoosync
WORKDIR /var/lib/odoosync
VOLUME /var/lib/odoosync
# In a container the default, 127.0.0.1, would be reached by nobody.
ENV ZONEINFO=/zoneinfo.zip ODOOSYNC_HTTP_LISTEN=:8080
EXPOSE 8080
USER 65532:65532
HEALTHCHECK --interval=30s --timeout=6s --start-period=30s CMD ["/odoosync", "health"]
ENTRYPOINT ["/odoosync"]
CMD ["serve"]

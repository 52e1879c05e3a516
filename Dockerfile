# The demo, offline once built:
#   docker build -t vrbench . && docker run --rm --network none vrbench
# Another command: docker run --rm -v "$PWD:/data" -w /data vrbench vrbench eval mine.h5
FROM python:3.11-slim

# an index with wheels of torch for CPUs makes the image smaller: --build-arg PIP_EXTRA_INDEX_URL=...
ARG PIP_EXTRA_INDEX_URL=
WORKDIR /vrbench
COPY . .
RUN pip install --no-cache-dir -c constraints.txt '.[fast,plots,video]'

WORKDIR /data
CMD ["vrbench", "eval", "--method", "global", "--method", "max-avg", "--method", "tokenflow", \
     "--norm", "none", "--norm", "ncl"]

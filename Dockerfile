# slipdetect on a CPU, for a user without rights; docs/environment.md says how it is built and run.
ARG PYTHON=3.11-slim-bookworm

FROM python:${PYTHON} AS build
ARG TORCH=2.13.0
ARG TORCHVISION=0.28.0
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /source
COPY . .
# torch first and from that index alone, since PyPI's builds for Linux bring several GB of CUDA
RUN python -m venv --without-pip /opt/slipdetect \
    && pip --python /opt/slipdetect/bin/python install --no-deps --index-url "${TORCH_INDEX}" \
        "torch==${TORCH}" "torchvision==${TORCHVISION}" \
    && pip wheel --no-deps --wheel-dir /wheels . \
    && pip --python /opt/slipdetect/bin/python install \
        "slipdetect[lab,watch] @ file://$(echo /wheels/slipdetect-*.whl)" \
    && /opt/slipdetect/bin/python -c "import torch; assert torch.version.cuda is None, 'a CUDA build'"

FROM python:${PYTHON}
# what OpenCV's wheels take from the system; Debian keeps no older versions that could be asked for
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libgl1 libglib2.0-0 \
    && rm -rf /var/lib/apt/lists/* \
    # whoever the container runs as may write compiled kernels and the list of fonts here
    && mkdir --mode 1777 /cache /clips
COPY --from=build /opt/slipdetect /opt/slipdetect
ENV PATH=/opt/slipdetect/bin:${PATH} \
    PYTHONUNBUFFERED=1 \
    NUMBA_CACHE_DIR=/cache/numba \
    MPLCONFIGDIR=/cache/matplotlib \
    TORCHINDUCTOR_CACHE_DIR=/cache/torchinductor
USER 10001:10001
WORKDIR /videos
ENTRYPOINT ["slipdetect"]
CMD ["--help"]

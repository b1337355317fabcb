# docker build --tag pytest-mews .
# docker run --rm --network host --user "$(id -u)" --env MEWS_TOKEN --volume "$PWD:/work" \
#     pytest-mews --mews-target http://127.0.0.1:8000/webhooks/mews
FROM python:3.13-slim
COPY . /source
RUN /source/action/install /opt/pytest-mews && rm -rf /source
ENV PATH=/opt/pytest-mews/bin:$PATH HOME=/tmp PYTHONDONTWRITEBYTECODE=1
WORKDIR /work
USER nobody
ENTRYPOINT ["pytest", "-p", "no:cacheprovider"]
CMD ["--help"]
